"""From corrections to a better model.

options       the options of a run
runs          the table of runs, which is the queue: claims, heartbeats, lost runs
lessons       small trainings that a class watches: their queue, after every run
lesson_job    one of them: trained, watched (lesson_progress) and forgotten
claim         a worker's claim to a run or a lesson
worker        the process that claims runs and lessons and executes them one at a time
scratch       where it trains
job           one run: train, compare, perhaps promote
checkpoints   what a run is resumed from, stored with it for workers of other hosts
rivals        the versions that a run continues from and is compared with
process       the trainer's commands as child processes, watched line by line
command       those commands
low_priority  how they are started: at the lowest priority, never outliving the worker
progress      the progress of a run, parsed from the trainer's output
gate          decides whether a new version is promoted automatically
"""
