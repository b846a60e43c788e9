"""What turns notebooks into a course: the first cells of a lesson, its exercises and widgets, and its build."""
