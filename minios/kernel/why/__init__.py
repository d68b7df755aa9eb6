"""Why things are as they are: who sleeps on whom, who killed whom, which bit refuses what.

:mod:`.log` is the part that is always there: it remembers deaths and refusals, on the paths where
somebody dies or is refused and nowhere else. The rest is work that is done when somebody asks, with
the rights of who asks: processes are known to everybody, as to ps, but what lies in directories
that the asker may not search is not named.

Answers are trees of :class:`Reason`: plain data for the panes, lines for ``why`` at the prompt.
"""
