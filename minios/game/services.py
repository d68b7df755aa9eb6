"""A level's services: the unit files they become (systemd.service(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.game import spec

if TYPE_CHECKING:
    from minios.game.schema import ServiceModel

UNITS = "/etc/systemd/system/"
WANTS = UNITS + "multi-user.target.wants/"


def service_files(name: str, model: ServiceModel) -> list[spec.FileSpec]:
    """The unit of a service, its script if it has one, and the link that enables it."""
    full = name if "." in name else name + ".service"
    files = []
    command = model.exec or ""
    if model.script is not None:
        text = model.script if model.script.startswith("#!") else f"#!/bin/sh\n{model.script}"
        command = "/usr/local/bin/" + name.partition(".")[0].rstrip("@")
        files.append(spec.FileSpec(path=command, text=text, mode=0o755))
    text = model.unit if model.unit is not None else _unit(model, command)
    files.append(spec.FileSpec(path=UNITS + full, text=text))
    if model.enabled:
        files.append(spec.FileSpec(path=WANTS + full, kind="link", target=UNITS + full))
    return files


def _unit(model: ServiceModel, command: str) -> str:
    lines = ["[Unit]"]
    if model.description:
        lines.append(f"Description={model.description}")
    for key, names in (
        ("After", model.after), ("Requires", model.requires), ("Wants", model.wants),
    ):  # fmt: skip
        if names:
            units = (each if "." in each else f"{each}.service" for each in names)
            lines.append(f"{key}={' '.join(units)}")
    lines += ["", "[Service]", f"ExecStart={command}"]
    if model.user is not None:
        lines.append(f"User={model.user}")
    if model.restart != "no":
        lines.append(f"Restart={model.restart}")
    if model.restart_after is not None:
        lines.append(f"RestartSec={model.restart_after // 1_000_000}ms")
    if model.nice:
        lines.append(f"Nice={model.nice}")
    for name, value in model.env.items():
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'Environment="{name}={quoted}"')
    return "\n".join([*lines, "", "[Install]", "WantedBy=multi-user.target", ""])
