// The time that is left to say "I am still here".
const words = (seconds: number) => (seconds >= 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds} s`);

export function countDown(section: HTMLElement): void {
  const left = section.querySelector<HTMLElement>('.left');
  const end = Date.now() + Number(section.dataset.seconds ?? '0') * 1000;
  if (!left) return;
  const step = () => {
    if (!section.isConnected) return clearInterval(clock);
    const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
    left.textContent = seconds > 0 ? `${words(seconds)} from now.` : 'which is now.';
  };
  const clock = window.setInterval(step, 1000);
  step();
}
