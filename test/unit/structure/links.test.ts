import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');

const pages = ['.', 'docs', 'docs/decisions', 'local/bedrock'].flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.join(folder, file)),
);

/** The relative targets of a page's links, their fragments removed. */
function linksOf(page: string): readonly string[] {
  const text = readFileSync(path.join(root, page), 'utf8');
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

describe('the documents', () => {
  test.each(pages)('%s links only to what is there', (page) => {
    const missing = linksOf(page).filter((link) => !existsSync(path.join(root, path.dirname(page), link)));
    expect(missing).toEqual([]);
  });

  test('are more than one, and link to each other', () => {
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(4);
  });
});
