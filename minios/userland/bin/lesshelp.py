"""What ``h`` shows in less."""

HELP = """\
                   SUMMARY OF LESS COMMANDS

      A number N may be typed before a command marked with *.

  h  H              Show this.
  q  :q  Q  ZZ      Quit.

                           MOVING

  e  j  DOWN  RETURN  *  Forward one line (or N).
  y  k  UP            *  Back one line (or N).
  f  SPACE  PGDN      *  Forward one screenful (or N lines).
  b  PGUP             *  Back one screenful (or N lines).
  z  w                *  The same, and N is the screenful from now on.
  d  u                *  Forward, back half a screenful (N is kept).
  RIGHT  LEFT         *  Half a screen to the right, to the left (or N cells).
  F                      Wait for more at the end, like tail -f; ^C stops that.
  r  ^L                  Paint the screen again.
  R                      Read the file again.

                          JUMPING

  g  <  HOME          *  To the first line (or line N).
  G  >  END           *  To the last line (or line N).
  p  %                *  To N percent of the text.
  m<letter>              Mark this place with a letter.
  '<letter>              Back to the marked place; '' is where one was before.

                         SEARCHING

  /pattern            *  Forward to a line that matches (the N-th).
  ?pattern            *  Back to a line that matches.
                         !pattern looks for lines that do not match.
  n  N                *  The same search again, in the other direction.
  &pattern               Show only the lines that match; & alone shows all.
  ESC-u                  Highlighting off and on.

                      FILES AND OPTIONS

  :e file                Another file.
  :n  :p  :x             Next, previous, first file of the command line.
  =  ^G  :f              Where this is.
  -N -S -R -i -s -M      Turn an option of the command line on or off.

  Patterns are extended regular expressions, as in grep -E.
"""
