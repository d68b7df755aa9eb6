"""Run every benchmark and say which budgets hold. Exit status 1 if one does not."""

import importlib
import pkgutil
import sys

import benchmarks


def main() -> int:
    failed: list[str] = []
    wanted = sys.argv[1:]
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name.startswith("_") or (wanted and module.name not in wanted):
            continue
        script = importlib.import_module(f"benchmarks.{module.name}")
        if not hasattr(script, "main"):
            continue
        print(f"── {module.name}", flush=True)
        if not script.main():
            failed.append(module.name)
    if failed:
        print(f"over budget: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
