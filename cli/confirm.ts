/** The question before what cannot be undone. A program cannot be asked back, so that the answer is an option. */
import type { Command } from 'commander';
import { refuseUsage } from './failure.ts';

export interface ConfirmOptions {
  readonly yes?: boolean;
}

export const addConfirmOption = (command: Command, meaning: string): Command =>
  command.option('--yes', meaning);

/** Refuses until `--yes` is given, saying what would happen and how to go on. */
export function confirm(
  options: ConfirmOptions,
  of: { readonly consequence: string; readonly command: string },
): void {
  if (options.yes === true) return;
  refuseUsage(
    `${of.consequence}\nNothing has been done. If it is meant, repeat the command with --yes: ${of.command} --yes`,
  );
}
