import { compose, withDefaults } from "./compose-file.ts";
import { selectorOf } from "./names.ts";

/** What may run any number of times; terminals live in their own web-pty. */
const SCALED = ["gateway", "processor", "metrics-engine", "read-model"];
/** Of its limit, a pod is to use this much: the rest is for the time until another one has started. */
const SHARE = 0.7;

/** Autoscalers by CPU. The target is an amount: a share would be one of the request, which is small. */
export const autoscalers = () =>
  SCALED.map((name) => ({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name, labels: selectorOf(name) },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas: 2,
      maxReplicas: 8,
      metrics: [
        {
          type: "Resource",
          resource: {
            name: "cpu",
            target: { type: "AverageValue", averageValue: averageOf(name) },
          },
        },
      ],
    },
  }));

const averageOf = (name: string) =>
  `${Math.round(1_000 * SHARE * Number(withDefaults(compose.services[name]?.cpus)))}m`;
