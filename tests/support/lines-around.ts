/** A shell script that prints line 1, lines 2 to 5 once a file exists, and stays; each line names its process. */
export function linesAround(file: string): string {
  return `echo "line 1 of $$"; until [ -e '${file}' ]; do sleep 0.05; done
    for i in 2 3 4 5; do echo "line $i of $$"; done; cat`;
}
