import { SERVICE_CATALOG } from "../../contracts/services.ts";
import { compose, withDefaults } from "./compose-file.ts";
import { selectorOf } from "./names.ts";

/** The target share of a pod's CPU limit. The rest absorbs additional load until another pod has started. */
const SHARE = 0.7;

/**
 * Returns the autoscalers, which scale by CPU. The target is an absolute value, because a percentage would refer to the
 * small CPU request.
 */
export const autoscalers = () =>
  SERVICE_CATALOG.services
    .filter(({ scalable }) => scalable)
    .map(({ name }) => ({
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
