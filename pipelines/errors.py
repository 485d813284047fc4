"""Errors a user can cause and mend."""


class UserError(Exception):
    """Something the user can put right. The message is shown as it is, without a traceback; it names the file, line
    and field where there are any, and says what to do."""
