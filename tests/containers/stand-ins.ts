import { createHash } from "node:crypto";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import { ferretdbBinary } from "../../tui/engines/ferretdb.ts";
import { userCache } from "../../tui/engines/user-cache.ts";
import { BASE_IMAGE, ensureBase } from "./stand-in-base.ts";

const RECIPE = join(import.meta.dir, "images");
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** Maps official repositories, whatever the tag, to the stages of images/Dockerfile that replace them. */
const STAGES: Readonly<Record<string, string>> = {
  "library/rabbitmq": "rabbitmq",
  "library/postgres": "postgres",
  "library/redis": "redis",
  "library/mongo": "mongo",
  "prom/prometheus": "prometheus",
  "prom/alertmanager": "alertmanager",
  "prometheuscommunity/postgres-exporter": "postgres-exporter",
  "oliver006/redis_exporter": "redis-exporter",
  "percona/mongodb_exporter": "mongodb-exporter",
  "nginxinc/nginx-unprivileged": "nginx",
  "oven/bun": "bun",
  "distroless/base-nossl-debian13": "runtime",
};

/** Returns the stage that replaces an image; undefined if there is none. */
export function stageFor(image: string): string | undefined {
  const repository = image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  return STAGES[repository.split("/").slice(-2).join("/")];
}

/** Builds stand-ins under exactly these image names. Keeps existing stand-ins from the same recipe. */
export async function buildStandIns(
  images: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<void> {
  const context = join(userCache(), "stand-ins");
  mkdirSync(context, { recursive: true });
  const exporter = [
    "go",
    "build",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags=-s -w",
    "-o",
    join(context, "mongodb-exporter"),
    ".",
  ];
  // In parallel, because unpacking packages uses one core and compiling uses the others.
  const [ferretdb] = await Promise.all([
    ferretdbBinary({ onProgress: say }),
    runTool(exporter, { cwd: join(RECIPE, "mongodb-exporter"), env: { ...process.env, CGO_ENABLED: "0" } }),
    ensureBase(env, say),
  ]);
  rmSync(join(context, "entry-points"), { recursive: true, force: true });
  cpSync(RECIPE, context, { recursive: true, filter: (path) => !path.includes("mongodb-exporter") });
  cpSync(ferretdb, join(context, "ferretdb"));
  cpSync(process.execPath, join(context, "bun"), { dereference: true });
  cpSync(CERTIFICATES, join(context, "ca-certificates.crt"), { dereference: true });

  const hash = createHash("sha256").update(BASE_IMAGE);
  for (const file of globSync("**", { cwd: context, withFileTypes: true }).filter((one) => one.isFile()))
    hash.update(readFileSync(join(file.parentPath, file.name)));
  const label = `recipe=${hash.digest("hex")}`;
  const have = (
    await runTool(
      ["docker", "images", "--filter", `label=${label}`, "--format", "{{.Repository}}:{{.Tag}}"],
      { env },
    )
  )
    .split("\n")
    .map(familiarName);
  for (const image of images.filter((one) => !have.includes(familiarName(one)))) {
    const stage = stageFor(image);
    if (!stage) throw new Error(`There is no stand-in for ${image}`);
    say(`building ${image} from the stage ${stage}`);
    await runTool(
      [
        "docker",
        "build",
        "-q",
        "--target",
        stage,
        "--label",
        label,
        "--build-arg",
        `BASE=${BASE_IMAGE}`,
        "-t",
        image,
        context,
      ],
      { env: { ...env, DOCKER_BUILDKIT: "1" } },
    );
  }
}

/** Returns an image's name as `docker images` prints it. */
const familiarName = (image: string) => image.replace(/^docker\.io\/(library\/)?/, "");
