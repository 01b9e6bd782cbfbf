"""What people edit: the words, look and captions of scenes, as rows, forms and undo steps."""
