"""A session's account in the forms that people, tickets and other systems take."""
