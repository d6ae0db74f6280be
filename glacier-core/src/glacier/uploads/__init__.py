"""Objects that are uploaded part by part and that nobody sees before they are completed."""
