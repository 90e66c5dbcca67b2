"""The interaction log as operators read it: records, rows, paging, retention."""
