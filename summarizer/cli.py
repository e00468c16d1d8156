"""The command line: `analyst-brief write | serve | models | panels | records | archive | eval`.

Reads arguments, calls the package, prints. The brief goes to stdout, everything else to stderr. Exit status: 0
done; 2 bad usage, input or configuration, in one clear line; 1 a failure of ours. Heavy modules are imported
inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from summarizer.errors import BriefError, ConfigError, InputError, NotFound, UnknownName

if TYPE_CHECKING:
    from summarizer.archive import Archive
    from summarizer.types import Article, Brief, Past

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    Parser = argparse.ArgumentParser

MODEL_HELP = "house (default), tiny, hf:NAME_OR_PATH, gguf:PATH or openai:MODEL@BASE_URL"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        return int(args.run(args) or 0)
    except ConfigError as error:
        for problem in error.problems:
            print(f"analyst-brief: {problem}", file=sys.stderr)
        return 2
    except (InputError, UnknownName) as error:
        print(f"analyst-brief: {error}", file=sys.stderr)
        return 2
    except BriefError as error:
        print(f"analyst-brief: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output went away; nothing is left to say. stdout is closed so that the interpreter
        # doesn't complain on its way out.
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        print("analyst-brief: stopped", file=sys.stderr)
        return 1


# --- commands ------------------------------------------------------------------------------------------------


def _write(args: argparse.Namespace) -> int:
    import summarizer
    from summarizer.progress import Bar

    config = summarizer.load_config(args.config_dir)
    panel = config.panel(args.panel)
    article = _article(args.file)
    with (
        _past(args.archive) as past,
        Bar(sys.stderr) as bar,
        summarizer.open_model(args.model, progress=bar.load, threads=args.threads) as model,
    ):
        brief = summarizer.write_brief(
            article,
            panel,
            model,
            config=config,
            options=summarizer.Options(seed=args.seed, candidates=args.candidates),
            watch=bar.watch,
            past=past,
        )
        loaded = bar.seconds_loading
    _note_cut(brief)
    _output(summarizer.render(brief, args.format), args.output)
    if args.timing:
        _print_timing(brief, loaded)
    return 0


@contextmanager
def _past(file: str | None) -> Iterator[Past]:
    """Where earlier articles come from: the archive in `file`, or nowhere."""
    if file is None:
        yield lambda article: ()
        return
    import summarizer

    with closing(summarizer.Archive(file, create=False)) as archive:
        yield archive.older


def _article(name: str) -> Article:
    import summarizer

    if name == "-":
        return summarizer.ingest_bytes(sys.stdin.buffer.read(summarizer.MAX_BYTES + 1))
    if name.startswith(("http://", "https://")):
        return summarizer.ingest_url(name)
    return summarizer.ingest_file(Path(name))


def _note_cut(brief: Brief) -> None:
    used, whole = brief.reading.characters_used, len(brief.reading.article.text)
    if used < whole:
        print(
            f"analyst-brief: the article is long; the first {used} of {whole} characters were read",
            file=sys.stderr,
        )


def _output(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        from summarizer.errors import BadRequest

        raise BadRequest(f"The brief can't be written to {path}: {error.strerror}.", "Name another file.") from error


def _print_timing(brief: Brief, loaded: float) -> None:
    timing = brief.timing
    print(f"{'load':>8} {loaded:8.2f} s", file=sys.stderr)
    for stage, seconds in timing.stages:
        print(f"{stage:>8} {seconds:8.2f} s", file=sys.stderr)
        if stage == "write":
            # Sections are written together, so their seconds don't add up: each says when its last text was done.
            for kind, time in timing.sections:
                print(f"{'':>8} {time.seconds:8.2f} s until {kind} was done, {time.tokens} tokens", file=sys.stderr)
    print(
        f"{'whole':>8} {timing.seconds:8.2f} s without load; {timing.prompt_tokens} tokens read, "
        f"{timing.completion_tokens} written, {timing.tokens_per_second} a second",
        file=sys.stderr,
    )


def _serve(args: argparse.Namespace) -> int:
    from service import run

    run(host=args.host, port=args.port, config_file=args.config, config_dir=args.config_dir, model=args.model)
    return 0


def _models(args: argparse.Namespace) -> int:
    import summarizer
    from summarizer.progress import Bar

    if args.action == "pull":
        with Bar(sys.stderr) as bar:
            print(summarizer.pull(args.model, progress=bar.load))
        return 0
    for model in summarizer.list_models():
        state = "ready" if model.cached else "not fetched"
        print(f"{model.spec:<22} {model.size / 1e6:7,.0f} MB  {state:<12} {model.licence:<11} {model.name}")
    print("hf:NAME_OR_PATH, gguf:PATH and openai:MODEL@BASE_URL open any other model.")
    return 0


def _panels(args: argparse.Namespace) -> int:
    import summarizer

    for panel in sorted(summarizer.load_config(args.config_dir).panels.values(), key=lambda panel: panel.id):
        print(f"{panel.id:<12} {panel.name}: {'; '.join(analyst.title for analyst in panel.analysts)}")
    return 0


def _records(args: argparse.Namespace) -> int:
    from datetime import date

    import summarizer

    records = summarizer.load_config(args.config_dir, today=date.today()).records
    print(f"{len(records)} records, all in order")
    return 0


def _archive(args: argparse.Namespace) -> int:
    import summarizer

    path = Path(args.archive) if args.archive else _database(args.config, args.config_dir)
    with closing(summarizer.Archive(path, create=args.action == "import")) as archive:
        if args.action == "import":
            return _import(archive, [Path(name) for name in args.files])
        if args.action == "list":
            for entry in archive.entries(limit=args.limit):
                print(
                    f"{entry.id}  {entry.published}  {'imported' if entry.imported else 'briefed ':<8}  {entry.title}"
                )
        elif args.action == "count":
            print(archive.count())
        else:
            missing = [id for id in args.ids if not archive.remove(id)]
            if missing:
                raise NotFound(f"The archive holds no {', '.join(missing)}.", "analyst-brief archive list shows ids.")
    return 0


def _import(archive: Archive, paths: Sequence[Path]) -> int:
    """Store all that can be read, name all that can't, and end with 2 if there was any."""
    from datetime import date

    from summarizer.archive_files import past_articles

    read = refused = 0

    def refuse(why: str) -> None:
        nonlocal refused
        refused += 1
        print(f"analyst-brief: {why}", file=sys.stderr)

    def counted() -> Iterator[Article]:
        nonlocal read
        for article in past_articles(paths, refuse, date.today()):
            read += 1
            yield article

    added = archive.add(counted())
    print(f"{added} articles are new, {read - added} were there already, {refused} could not be taken")
    return 2 if refused else 0


def _database(config: str | None, config_dir: str | None) -> Path:
    """The service's own database, where its briefed articles are."""
    import summarizer
    from service import load_settings

    return load_settings(config or summarizer.load_config(config_dir).service_file).database_path


def _eval(args: argparse.Namespace) -> int:
    from summarizer.evaluate import evaluate_command

    return evaluate_command(args.corpus, args.model, args.limit, args.json, args.seed, args.config_dir)


# --- arguments -----------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="analyst-brief",
        description="An article goes in, an analyst brief comes out; no sentence leaves without a source.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    write = _command(commands, "write", _write, "write the brief of one article")
    write.add_argument("file", metavar="FILE|URL|-", help="text, Markdown or HTML; - reads standard input")
    write.add_argument("--panel", default="space", help="the analysts who read it (default: space)")
    write.add_argument("--format", default="text", choices=("text", "markdown", "html", "json"))
    write.add_argument("--model", default="house", metavar="SPEC", help=MODEL_HELP)
    write.add_argument("--seed", type=_count(0, 2**31 - 1), default=0, help="the same seed gives the same brief")
    write.add_argument("--candidates", type=_count(1, 8), default=2, help="texts tried a section (default: 2)")
    write.add_argument("--archive", metavar="FILE", help="compare with the earlier articles of this archive, too")
    write.add_argument("--output", metavar="FILE", help="write the brief there instead of to standard output")
    write.add_argument("--threads", type=_count(1, 1024), help="processor threads for a local model")
    write.add_argument("--timing", action="store_true", help="print where the seconds went")

    serve = _command(commands, "serve", _serve, "answer over HTTP, with a form for people at /")
    serve.add_argument("--host", default=None, help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=_count(0, 65535), default=None, help="port to listen on (default: 8000)")
    serve.add_argument("--config", metavar="FILE", help="a service.toml to use instead of the packaged one")
    serve.add_argument("--model", default=None, metavar="SPEC", help=MODEL_HELP)

    models = _command(commands, "models", _models, "list the known models, or fetch one")
    models.add_argument("action", nargs="?", choices=("list", "pull"), default="list")
    models.add_argument("model", nargs="?", default="house", metavar="SPEC", help="what to pull (default: house)")

    _command(commands, "panels", _panels, "list the panels")

    records = _command(commands, "records", _records, "check the dated background records")
    records.add_argument("action", choices=("check",))

    _archive_arguments(_command(commands, "archive", _archive, "keep past articles that briefs are compared with"))

    evaluate = _command(commands, "eval", _eval, "measure a model on a corpus of articles with exemplary briefs")
    evaluate.add_argument("corpus", metavar="CORPUS.jsonl")
    evaluate.add_argument("--model", default="house", metavar="SPEC", help=MODEL_HELP)
    evaluate.add_argument("--limit", type=_count(1, 1_000_000), help="only the first N articles")
    evaluate.add_argument("--seed", type=_count(0, 2**31 - 1), default=0)
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _archive_arguments(archive: Parser) -> None:
    archive.add_argument("--archive", metavar="FILE", help="the SQLite file (default: the service's database)")
    archive.add_argument("--config", metavar="FILE", help="the service.toml that names the service's database")
    actions = archive.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    taken = actions.add_parser("import", help="take in JSONL, text, Markdown or HTML files, or folders of them")
    taken.add_argument("files", nargs="+", metavar="FILE")
    listed = actions.add_parser("list", help="list the articles, the latest first")
    listed.add_argument("--limit", type=_count(1, 10_000_000), default=50, help="how many (default: 50)")
    actions.add_parser("count", help="say how many articles there are")
    removed = actions.add_parser("remove", help="remove articles")
    removed.add_argument("ids", nargs="+", metavar="ID")


def _command(commands: Commands, name: str, run: Callable[[argparse.Namespace], int], help: str) -> Parser:
    """A subcommand that takes --config-dir like all of them."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.add_argument("--config-dir", metavar="DIR", help="a directory with panels, records or prompts of your own")
    parser.set_defaults(run=run)
    return parser


def _count(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return number

    return parse


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(version("analyst-brief"))
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
