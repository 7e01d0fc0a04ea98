/** What time does to keys: jumps, sweeps, and days that pass as they should. */
import { claimNow, command, type KeyCommand } from './key-commands.ts';
import { fail, KEY, type KeyLife, open } from './key-life.ts';
import {
  CLAIM_AGAIN,
  claimStatus,
  DAY,
  dueKeys,
  isOwedAKey,
  type KeyModel,
  OVERLAP,
  rotate,
  see,
} from './key-model.ts';

export const jump = (of: { readonly ms: number }): KeyCommand =>
  command('jump', of, async (model, life) => goTo(model, life, model.now + of.ms));

/** To an instant at which something about a key changes, or a millisecond beside it; never back. */
export const jumpToBoundary = (of: { readonly boundary: number; readonly beside: number }): KeyCommand =>
  command('jump to boundary', of, async (model, life) => {
    const instants = model.keys
      .flatMap(({ bornAt, endsAt, claim }) => [
        ...[76, 83, 89, 90].map((day) => bornAt + day * DAY),
        ...[endsAt - OVERLAP, endsAt],
        ...(claim === undefined ? [] : [claim.endsAt, (claim.claimedAt ?? model.now) + CLAIM_AGAIN]),
      ])
      .map((instant) => instant + of.beside)
      .filter((instant) => instant > model.now)
      .sort((one, other) => one - other);
    const instant = instants[of.boundary % instants.length];
    if (instant !== undefined) goTo(model, life, instant);
  });

function goTo(model: KeyModel, life: KeyLife, time: number): void {
  life.world.goTo(time);
  model.now = time;
}

export const sweep = (of: { readonly times: number }): KeyCommand =>
  command('sweep', of, (model, life) => sweepNow(model, life, of.times));

/** So many sweeps at once renew each key that is due, once; workloads fetch what is sealed to them. */
async function sweepNow(model: KeyModel, life: KeyLife, times: number): Promise<void> {
  const due = dueKeys(model);
  const reports = await Promise.all(Array.from({ length: times }, () => life.world.sweep()));
  const rotated = reports.reduce((sum, report) => sum + report.rotated, 0);
  if (rotated !== due.length) fail(`the sweep renewed ${rotated} keys of ${due.length} that are due`);
  if (reports.some(({ failed }) => failed > 0)) fail('the sweep failed');
  for (const key of due) {
    const ref = (await life.stored(key))?.successor ?? fail(`${key.id} has no successor`);
    const id = key.id.slice(0, -10) + ref;
    const made = rotate(model, key, { id, delivery: key.scheduled, overlap: OVERLAP });
    if (key.scheduled !== 'jwe') continue;
    const { body } = await life.world.call(`GET ${KEY}`, { path: life.pathOf(id) });
    see(model, made, await open(body.delivery.jwe));
  }
  life.takeNews(model);
}

/** Claims whatever waits with a link that works. */
async function claimWaiting(model: KeyModel, life: KeyLife): Promise<void> {
  for (const key of model.keys) {
    const token = key.state === 'pending' ? key.claim?.links.at(-1)?.token : undefined;
    if (token === undefined || claimStatus(model, key, token) !== 200) continue;
    await claimNow(model, life, { token, key, times: 1 });
  }
}

/** Days that pass with a sweep each while workloads take what they are sent: nobody is locked out. */
export const livesOn = (of: { readonly steps: number; readonly days: number }): KeyCommand =>
  command('lives on', of, async (model, life) => {
    // Twice: what is claimed so late that it is to be renewed already must be renewed before it ends.
    for (const _ of [1, 2]) {
      await sweepNow(model, life, 1);
      await claimWaiting(model, life);
    }
    const owed = model.accounts.filter((account) => isOwedAKey(model, account));
    for (let step = 0; step < of.steps; step += 1) {
      goTo(model, life, model.now + of.days * DAY);
      await sweepNow(model, life, 1);
      await claimWaiting(model, life);
      for (const account of owed) {
        const secrets = [...model.secrets].filter(([, key]) => key.account === account);
        const verdicts = await Promise.all(secrets.map(([secret]) => life.world.admits(secret)));
        if (!verdicts.includes(true)) fail(`${account.id} is locked out`);
      }
    }
  });
