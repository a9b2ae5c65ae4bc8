import { Type } from "@sinclair/typebox";
import { defineJobType } from "./define.ts";

export default defineJobType({
  name: "fan-out",
  version: "1.0.1",
  description: "Submits child jobs, each of which refers to its parent. Shows a tree of jobs",
  payload: Type.Object(
    {
      count: Type.Integer({ minimum: 1, maximum: 1_000, default: 5 }),
      childMs: Type.Integer({
        minimum: 0,
        maximum: 60_000,
        default: 100,
        description: "How long each child sleeps",
      }),
    },
    { additionalProperties: false },
  ),
  example: { count: 5, childMs: 300 },
  retry: { maxAttempts: 5, baseMs: 500, capMs: 10_000 },
  deadlineMs: 60_000,
  async run({ count, childMs }, { submit, log, progress }) {
    const children = await submit(
      Array.from({ length: count }, () => ({ type: "sleep", payload: { ms: childMs } })),
    );
    progress(1, `${children.length} children submitted`);
    log(`Submitted ${children.length} children`);
    return { children: children.length, firstChildId: children[0] };
  },
});
