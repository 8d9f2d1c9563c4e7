"""mmdesk: investigate cases offline with tables and evidence files."""
