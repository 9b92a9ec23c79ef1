// A plan before it runs: each step with why and how it is undone, and its settings side by side: now, and then.
import type { Plan } from '../../generated/api';
import { ProblemText } from './states';
import { Level } from './show';
import { Short } from './table';

export function PlanView({ plan }: { plan: Plan }) {
  return (
    <div className="stack">
      <p>
        From <Level level={plan.from_level} long /> to <Level level={plan.goal_level} long />
      </p>
      {plan.blockers.map((one, i) => (
        <div key={i} className="link link-bad">
          <h3>In the way: {one.title}</h3>
          <ProblemText document={one} />
        </div>
      ))}
      {plan.notes.map((note) => (
        <p key={note} className="dimmed">
          {note}
        </p>
      ))}
      {plan.steps.length === 0 && plan.blockers.length === 0 && <p>Nothing has to be changed.</p>}
      <ol className="steps">
        {plan.steps.map((step, i) => (
          <li key={i} className="step">
            <h3>{step.what}</h3>
            <p>
              <b>Why:</b> {step.why}
            </p>
            <p>
              <b>Undone by:</b> {step.undo}
            </p>
            {step.settings.length > 0 && (
              <Short
                label={`Settings of step ${i + 1}`}
                heads={['Setting', 'Now', 'Then']}
                rows={step.settings.map((one) => [<code>{one.setting}</code>, <span className="old">{one.old_value || '(empty)'}</span>, <span className="new">{one.value || '(empty)'}</span>])}
              />
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}
