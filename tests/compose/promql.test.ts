import { expect, test } from "bun:test";
import { selectorsOf } from "./promql.ts";

test("the selectors of a query are found among functions, aggregations, labels, ranges, strings and numbers", () => {
  const cases: [string, string[]][] = [
    ["up", ["up"]],
    ['up{service!=""} == 0', ['up{service!=""}']],
    ["sum by (type) (rate(jobs_total[5m])) > 5e2", ["jobs_total"]],
    ["sum(increase(a_total[1h])) without (pod) / on (x) group_left (y) b offset 5m", ["a_total", "b"]],
    ['absent(up{job="a}b(c"}) or vector(1)', ['up{job="a}b(c"}']],
    [
      "job:failed:ratio_rate5m > 14.4 * 0.01 and job:failed:ratio_rate1h > bool 2",
      ["job:failed:ratio_rate5m", "job:failed:ratio_rate1h"],
    ],
    ['{__name__=~"a.+"} unless a', ['{__name__=~"a.+"}', "a"]],
    ["max_over_time(a[5m:30s]) # a comment about b\n - a", ["a"]],
  ];
  for (const [expression, selectors] of cases) expect(selectorsOf(expression)).toEqual(selectors);
});
