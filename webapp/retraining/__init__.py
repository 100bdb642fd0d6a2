"""From corrections to a better model.

wishes     what somebody asks for
runs       the table of runs: who may change what, and when one counts as lost
queue      how the site wakes the workers (huey)
worker     the process that trains: one run at a time, at the lowest priority
job        one run: the trainer's own commands, watched line by line
plan       those commands
progress   what is known of a run from the lines that the trainer prints
gate       whether what came of it may answer in place of the active version
"""
