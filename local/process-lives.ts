/** Whether a process of this id lives; no id lives that is no positive integer. */
export function processLives(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One of another user's answers with EPERM, and lives. Under jest this error is of another realm's Error.
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}
