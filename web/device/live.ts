// The page stays true: it is fetched again while somebody looks, and the parts that changed take the place of the old ones. What is being
// edited is left alone.
import { asks, loggedOut, pagePath, tell } from './dom';

const every = 4000;
/** What the system sent, before the script touched it. */
const sent = new WeakMap<Element, string>();

/** A countdown is no news. */
const plain = (element: Element) => element.outerHTML.replace(/data-seconds="\d+"|\d+ seconds/g, '');

const parts = (root: ParentNode) => [...root.querySelectorAll<HTMLElement>('[data-live]')];

export function remember(): void {
  for (const part of parts(document)) sent.set(part, plain(part));
}

function edited(part: HTMLElement): boolean {
  if (part.contains(document.activeElement) || part.querySelector('.found, [aria-current=step]') || part.ariaBusy === 'true') return true;
  return [...part.querySelectorAll<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>('input, select, textarea')].some((field) => {
    if (field instanceof HTMLSelectElement) {
      const options = [...field.options];
      const at = options.findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(at, 0);
    }
    if (field instanceof HTMLInputElement && field.type === 'checkbox') return field.checked !== field.defaultChecked;
    return field.type !== 'hidden' && field.value !== field.defaultValue;
  });
}

function take(fresh: Document, enhance: (root: HTMLElement) => void): void {
  const old = new Map(parts(document).map((part) => [part.dataset.live, part]));
  let before: HTMLElement | null = null;
  for (const part of parts(fresh)) {
    const there = old.get(part.dataset.live);
    old.delete(part.dataset.live);
    if (there && (sent.get(there) === plain(part) || edited(there))) {
      before = there;
      continue;
    }
    const text = plain(part);
    const adopted = document.adoptNode(part);
    sent.set(adopted, text);
    if (there) there.replaceWith(adopted);
    else if (before && before.parentElement?.tagName === 'MAIN') before.after(adopted);
    else document.querySelector('main')?.append(adopted);
    enhance(adopted);
    before = adopted;
  }
  for (const gone of old.values()) if (!edited(gone)) gone.remove();
}

export function keepLive(enhance: (root: HTMLElement) => void): void {
  let failures = 0;
  let running = true;
  const look = async () => {
    if (document.hidden || document.querySelector('dialog[open]')) return;
    const answer = await fetch(pagePath(), { headers: { ...asks('live'), Accept: 'text/html' } }).catch(() => null);
    if (answer?.status === 401) {
      running = false;
      return loggedOut();
    }
    failures = answer?.ok ? 0 : failures + 1;
    if (failures === 1) tell('away', 'banner', `This system does not answer. What you see is from ${new Date().toLocaleTimeString()}.`);
    if (!answer?.ok || answer.redirected) return;
    tell('away', 'banner');
    take(new DOMParser().parseFromString(await answer.text(), 'text/html'), enhance);
  };
  const again = () => window.setTimeout(() => void look().finally(() => running && again()), every);
  again();
  document.addEventListener('visibilitychange', () => void (document.hidden || !running || look()));
}
