/**
 * Returns a shell script that prints line 1, prints lines 2 to 5 once `file` exists, and keeps running. Each line shows
 * the shell's pid.
 */
export function linesAround(file: string): string {
  return `echo "line 1 of $$"; until [ -e '${file}' ]; do sleep 0.05; done
    for i in 2 3 4 5; do echo "line $i of $$"; done; cat`;
}
