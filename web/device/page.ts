// What a script adds to the pages of a system. The pages are complete without it, and no rule is in here: what is refused, what a change does
// and where to go on is said by the system (docs/device-pages.md).
import './page.css';
import { waitForSystem } from './away';
import { watchForm } from './check';
import { keepLive, remember } from './live';
import { copyable, inSteps } from './request';
import { countDown } from './trial';

function enhance(root: ParentNode & Element): void {
  const all = <E extends Element>(selector: string) => [...(root.matches(selector) ? [root as unknown as E] : []), ...root.querySelectorAll<E>(selector)];
  for (const form of all<HTMLFormElement>('form[data-action]')) {
    if (form.dataset.action === 'create_request') inSteps(form);
    watchForm(form);
  }
  for (const section of all<HTMLElement>('section.trial')) countDown(section);
  for (const cell of all<HTMLElement>('td.text')) copyable(cell);
}

// On a phone the menu is closed until it is asked for.
const menu = document.querySelector<HTMLDetailsElement>('nav details');
if (menu && matchMedia('(max-width: 56rem)').matches) menu.open = false;

remember();
enhance(document.body);
if (document.body.dataset.state && !waitForSystem()) keepLive(enhance);
document.documentElement.dataset.ready = 'yes';
