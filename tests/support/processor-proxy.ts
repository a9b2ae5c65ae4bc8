import { createTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A proxy between one processor and PostgreSQL. */
export interface ProcessorProxy {
  readonly processorUrl: string;
  readonly proxy: TcpProxy;
  /** The URLs of the job store and the bus for this processor; those that lead to PostgreSQL pass through the proxy. */
  readonly urls: Readonly<Record<string, string>>;
}

export async function createProcessorProxy(
  urls: Readonly<Record<"DATABASE_URL" | "BUS_URL", string>>,
  processorUrl: string,
): Promise<ProcessorProxy> {
  const store = new URL(urls.DATABASE_URL);
  const proxy = await createTcpProxy({ targetPort: Number(store.port) });
  const through = (text: string) => {
    const url = new URL(text);
    if (url.port === store.port) url.port = String(proxy.port);
    return url.href;
  };
  return {
    processorUrl,
    proxy,
    urls: { DATABASE_URL: through(urls.DATABASE_URL), BUS_URL: through(urls.BUS_URL) },
  };
}
