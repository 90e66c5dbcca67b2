"""The interaction log as operators read it: the record, its rows, paging through them, retention."""
