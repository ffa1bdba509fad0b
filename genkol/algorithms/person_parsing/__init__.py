"""Person parsing: the subject and its parts."""
