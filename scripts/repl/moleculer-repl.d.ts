/** The package has no types of its own. */
declare module "moleculer-repl" {
  import type { ServiceBroker } from "moleculer";

  interface Command {
    command: string;
    description: string;
    action(broker: ServiceBroker, args: { options: Record<string, unknown> } & Record<string, unknown>): Promise<void>;
  }

  export default function repl(broker: ServiceBroker, options: { delimiter?: string; customCommands?: Command[] }): void;
}
