"""The command line: arguments and help texts of all commands, in one module per group.

A command imports its code when it runs, so that ``--help`` and commands that only read files do not
wait for torch.
"""
