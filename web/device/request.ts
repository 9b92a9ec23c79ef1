// A request for a certificate in steps, with what the system knows already; and a button that copies the request.
import { el } from './dom';

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const labelOf = (field: Field) => field.getAttribute('aria-label') ?? field.name;
const valueOf = (field: Field) => {
  if (field instanceof HTMLSelectElement) return field.selectedOptions[0]?.text ?? '';
  if (field instanceof HTMLInputElement && field.type === 'checkbox') return field.checked ? 'yes' : '';
  return field.value;
};

/** Fields that are empty get what the system suggests; another identity brings another name. */
function suggest(form: HTMLFormElement): void {
  const name = form.querySelector<HTMLInputElement>('[data-role=common_name]');
  const others = form.querySelector<HTMLInputElement>('[data-role=alternative_names]');
  const fill = (field: HTMLInputElement | null, value: string, before: string) => {
    if (field && (field.value === '' || field.value === before)) field.value = value;
  };
  let known = '';
  const identity = form.querySelector<HTMLSelectElement>('select[data-role=identity]');
  const use = () => {
    const fresh = identity?.selectedOptions[0]?.dataset.known ?? name?.dataset.known ?? '';
    if (fresh === '') return;
    fill(name, fresh, known);
    fill(others, `dns:${fresh}`, `dns:${known}`);
    known = fresh;
  };
  identity?.addEventListener('change', use);
  use();
}

export function inSteps(form: HTMLFormElement): void {
  const steps = [...form.querySelectorAll<HTMLFieldSetElement>('fieldset.step')];
  const send = form.querySelector<HTMLElement>('.send');
  if (steps.length < 2 || !send) return;
  suggest(form);
  const titles = [...steps.map((step) => step.querySelector('legend')?.textContent ?? ''), 'Check and send'];
  const list = el('ol', { class: 'steps' }, ...titles.map((title, number) => el('li', {}, `${number + 1}. ${title}`)));
  const summary = el('dl', { tabindex: '-1' });
  const back = el('button', { type: 'button' }, 'Back');
  const next = el('button', { type: 'button', class: 'primary' }, 'Next');
  steps[0]?.before(list);
  send.before(summary);
  send.prepend(back);
  send.append(next);
  const sender = send.querySelector<HTMLButtonElement>('button[type=submit]');
  let at = 0;
  const fields = () => steps.flatMap((step) => [...step.querySelectorAll<Field>('input, select, textarea')]);
  const draw = (moved: boolean) => {
    steps.forEach((step, number) => (step.hidden = number !== at));
    [...list.children].forEach((item, number) => (number === at ? item.setAttribute('aria-current', 'step') : item.removeAttribute('aria-current')));
    const last = at === steps.length;
    summary.hidden = !last;
    summary.replaceChildren(...fields().filter((field) => last && valueOf(field) !== '').map((field) => el('div', {}, el('dt', {}, labelOf(field)), el('dd', {}, valueOf(field)))));
    back.hidden = at === 0;
    next.hidden = last;
    if (sender) sender.hidden = !last;
    if (moved) (last ? summary : steps[at]?.querySelector<HTMLElement>('input, select, textarea'))?.focus();
  };
  const go = (by: number) => {
    at = Math.min(Math.max(at + by, 0), steps.length);
    draw(true);
  };
  back.addEventListener('click', () => go(-1));
  next.addEventListener('click', () => go(1));
  // The Enter key leads on, and sends only what has been looked at.
  form.addEventListener('submit', (event) => {
    if (at === steps.length) return;
    event.preventDefault();
    go(1);
  });
  draw(false);
}

export function copyable(cell: HTMLElement): void {
  const text = cell.textContent ?? '';
  const button = el('button', { type: 'button', class: 'copy' }, 'Copy');
  button.addEventListener('click', () => {
    // Browsers let a page write to the clipboard over HTTPS only; else the text is marked, to be copied by hand.
    const done = navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject(new Error('no clipboard'));
    done.then(
      () => (button.textContent = 'Copied'),
      () => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        range.setStartAfter(button);
        getSelection()?.removeAllRanges();
        getSelection()?.addRange(range);
        button.textContent = 'Marked: copy it with the keyboard';
      },
    );
  });
  cell.prepend(button);
}
