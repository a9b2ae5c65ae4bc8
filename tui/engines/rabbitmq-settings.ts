import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Ports {
  amqp: number;
  distribution: number;
  metrics: number;
  management: number;
}

// RabbitMQ stores the node's name in its data, so the name must stay the same even if the port changes. Several nodes
// may have this name, because they do not register with epmd, Erlang's name service.
const NODE_NAME = "observatory@localhost";

/** Writes the broker's configuration and returns its whole environment, which inherits only PATH. */
export function serverEnvironment(
  dataDir: string,
  home: string,
  cookie: string,
  ports: Ports,
): Record<string, string> {
  const configuration = join(dataDir, "configuration");
  mkdirSync(configuration, { recursive: true });
  const write = (name: string, text: string) => {
    const file = join(configuration, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };

  return {
    PATH: process.env.PATH ?? "",
    LANG: "C.UTF-8",
    HOME: configuration, // Erlang puts its .erlang.cookie here.
    // Makes the start script exec the server instead of staying as its parent.
    RUNNING_UNDER_SYSTEMD: "true",
    RABBITMQ_SCRIPTS_DIR: join(home, "sbin"),
    RABBITMQ_NODENAME: NODE_NAME,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_MNESIA_BASE: join(dataDir, "data"),
    RABBITMQ_LOG_BASE: join(dataDir, "logs"),
    RABBITMQ_LOGS: "-",
    RABBITMQ_ENABLED_PLUGINS_FILE: write("enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n"),
    RABBITMQ_ADVANCED_CONFIG_FILE: write("advanced.config", advancedConfig(ports)),
    // These files do not exist, so RabbitMQ reads nothing under /etc.
    RABBITMQ_CONF_ENV_FILE: join(configuration, "none-env.conf"),
    RABBITMQ_CONFIG_FILE: join(configuration, "none"),
    RABBITMQ_CONFIG_FILES: join(configuration, "none.d"),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: erlangArguments(ports, cookie).join(" "),
  };
}

/**
 * Returns arguments that fix the node's port. Erlang otherwise starts epmd, a daemon that tells other nodes the port
 * and would outlive the node.
 */
function erlangArguments(ports: Ports, cookie: string): string[] {
  return [
    `-sname ${NODE_NAME}`,
    "-start_epmd false",
    `-erl_epmd_port ${ports.distribution}`,
    "-kernel inet_dist_use_interface {127,0,0,1}",
    `-setcookie ${cookie}`,
  ];
}

function advancedConfig(ports: Ports): string {
  const http = (port: number) => `{tcp_config, [{ip, "127.0.0.1"}, {port, ${port}}]}`;
  return `[
  {rabbit, [{tcp_listeners, [{"127.0.0.1", ${ports.amqp}}]}]},
  {rabbitmq_prometheus, [${http(ports.metrics)}]},
  {rabbitmq_management, [${http(ports.management)}]},
  {rabbitmq_management_agent, [{disable_metrics_collector, true}]}
].
`;
}
