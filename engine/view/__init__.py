"""A result as people see it: its doubts in order, and one plain structure that the report and the review page show."""
