"""Import contracts that `lint-imports` lacks: no circles, and purity."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class NoCircles(Contract):
    """No module imports itself through others; imports inside functions count."""

    type_name = "no_circles"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        circles = _circles(graph)
        return ContractCheck(kept=not circles, metadata={"circles": circles})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for circle in check.metadata["circles"]:
            output.print_error(" <-> ".join(circle), bold=False)


def _circles(graph: ImportGraph) -> list[list[str]]:
    """Groups of modules each of which reaches the others (Tarjan 1972), without recursion."""
    squashed = {module for module in graph.modules if graph.is_module_squashed(module)}
    imports = {
        module: sorted(graph.find_modules_directly_imported_by(module) - squashed)
        for module in graph.modules - squashed
    }
    found: list[list[str]] = []
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    waiting: list[str] = []
    for start in sorted(imports):
        if start in number:
            continue
        path = [(start, iter(imports[start]))]
        number[start] = lowest[start] = len(number)
        waiting.append(start)
        while path:
            module, rest = path[-1]
            for other in rest:
                if other not in number:
                    number[other] = lowest[other] = len(number)
                    waiting.append(other)
                    path.append((other, iter(imports[other])))
                    break
                if other in waiting:
                    lowest[module] = min(lowest[module], number[other])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[module])
                if lowest[module] == number[module]:
                    group = waiting[waiting.index(module) :]
                    del waiting[waiting.index(module) :]
                    if len(group) > 1:
                        found.append(sorted(group))
    return found


class Pure(Contract):
    """No module of `package`, other than `except_modules`, imports any of `forbidden_modules` or of `except_modules`.

    So a new module counts as pure until somebody says that it is not.
    """

    type_name = "pure"
    package = fields.StringField()
    except_modules = fields.SetField(subfield=fields.StringField())
    forbidden_modules = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        package, excepted, forbidden = (
            str(self.package),
            {str(name) for name in self.except_modules},  # type: ignore[attr-defined]
            {str(name) for name in self.forbidden_modules},  # type: ignore[attr-defined]
        )
        modules = {package} | graph.find_descendants(package)
        missing = sorted(name for name in excepted if name not in modules)
        broken = sorted(
            f"{module} imports {other}"
            for module in modules
            if not _within(module, excepted)
            for other in graph.find_modules_directly_imported_by(module)
            if _within(other, forbidden | excepted)
        )
        broken += [f"{name} is named here, but no such module exists" for name in missing]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["broken"]:
            output.print_error(line, bold=False)


def _within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
