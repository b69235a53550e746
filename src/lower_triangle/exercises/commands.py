"""The commands `lower-triangle exercises` and `lower-triangle check`.

Neither imports torch: a check has its own process.
"""

import json
from dataclasses import asdict

from jsonargparse import Namespace

from lower_triangle.errors import UsageError
from lower_triangle.exercises.registry import EXERCISES, Exercise, find_exercise
from lower_triangle.exercises.submission import beginning, check_file
from lower_triangle.exercises.verdict import report
from lower_triangle.flags import PROGRAM, Parser, add_json


def add_exercises(parser: Parser) -> None:
    help_text = "print a file to begin it with; left out, list them all"
    parser.add_argument("exercise", type=str, nargs="?", metavar="EXERCISE", help=help_text)
    parser.add_argument("--solution", action="store_true", help="print a file that passes, after you have tried")
    add_json(parser)


def run_exercises(options: Namespace) -> None:
    """List the exercises, or print the stub or the solution of one."""
    if options.exercise is not None:
        exercise = find_exercise(options.exercise)
        text = exercise.solution if options.solution else exercise.stub
        print(json.dumps(as_dict(exercise)) + "\n" if options.json else text, end="")
    elif options.solution:
        raise UsageError("--solution needs an EXERCISE; list them: lower-triangle exercises")
    elif options.json:
        print(json.dumps([as_dict(exercise) for exercise in EXERCISES.values()]))
    else:
        names, tasks = (max(len(getattr(each, of)) for each in EXERCISES.values()) for of in ("name", "task"))
        for exercise in EXERCISES.values():
            print(f"{exercise.name:{names}}  {exercise.task:{tasks}}  {exercise.page}")
        name = next(iter(EXERCISES))
        print(f"\nbegin one:  {PROGRAM} exercises {name} > {name}.py\ncheck it:   {PROGRAM} check {name} {name}.py")


def as_dict(exercise: Exercise) -> dict[str, str]:
    """An exercise for a program to read."""
    return asdict(exercise) | {"stub": exercise.stub, "solution": exercise.solution}


def add_check(parser: Parser) -> None:
    parser.add_argument("exercise", type=str, nargs="?", metavar="EXERCISE", help="which one the file solves")
    parser.add_argument("file", type=str, nargs="?", metavar="FILE", help="your Python file; - reads it from stdin")
    add_json(parser)


def run_check(options: Namespace) -> int:
    """Check the function in the reader's file; 0 when it is right, 1 when it is not."""
    if options.exercise is None:
        raise UsageError("check needs an EXERCISE and a FILE; list the exercises: lower-triangle exercises")
    exercise = find_exercise(options.exercise)
    if options.file is None:
        raise UsageError(f"check needs a FILE of yours; begin one: {beginning(exercise)}")
    verdict = check_file(exercise, options.file)
    print(json.dumps(verdict.as_dict()) if options.json else report(verdict))
    return 0 if verdict.right else 1
