/** The compose file, and its settings as a container sees them. */
import { parse } from "yaml";
import { contentOf } from "./map.ts";

/** The examined properties of a container. */
export interface Container {
  image?: string;
  build?: string;
  pull_policy?: string;
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  networks?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  deploy?: { replicas: number };
  secrets?: (string | { source: string; target: string })[];
  network_mode?: string;
}

export const compose = parse(contentOf("docker-compose.yml"), { merge: true }) as {
  services: Record<string, Container>;
  networks: Record<string, { internal?: boolean; ipam?: { config: { subnet: string }[] } } | null>;
  volumes: object;
  secrets: Record<string, { file: string }>;
};

/** Containers of the project's own image, by name. */
export const nodes = Object.entries(compose.services).filter(([, { image }]) => image === "openward");

/** Substitutes the variable of `.env` like compose. */
const filled = (value: string): string => value.replace(/\$\{PUBLIC_URL(?::\?[^}]*)?\}/g, "https://ehr.example");

/** Paths of a container's secrets on this machine, by their path in the container. @param folder created by `npm run mesh-keys -- compose` */
export function secretsOf({ secrets = [] }: Container, folder: string): Map<string, string> {
  return new Map(
    secrets.map((secret) => {
      const { source, target } = typeof secret === "string" ? { source: secret, target: secret } : secret;
      const path = target.startsWith("/") ? target : `/run/secrets/${target}`;
      return [path, (compose.secrets[source]?.file ?? "").replace("./secrets", folder)];
    }),
  );
}

/** The environment of a container, with the paths of its secrets on this machine. */
export function environmentOf(container: Container, folder: string): Record<string, string> {
  const paths = secretsOf(container, folder);
  return Object.fromEntries(
    Object.entries(container.environment ?? {}).map(([name, value]) => [name, paths.get(String(value)) ?? filled(String(value))]),
  );
}

/** A configuration file as a container reads it, with the paths of its secrets on this machine. */
export function configurationOf(file: string, container: Container, folder: string): string {
  let text = contentOf(file);
  for (const [path, at] of secretsOf(container, folder)) text = text.replaceAll(path, at);
  return text;
}
