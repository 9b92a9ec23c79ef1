import type { Campaign } from '../../generated/api';
import { plainWords, State } from './show';

const groups: Array<[string, string[]]> = [
  ['good', ['done', 'proven', 'confirming']],
  ['info', ['started']],
  ['warn', ['below_goal', 'rolling_back', 'left_alone', 'skipped']],
  ['bad', ['failed', 'undone', 'rollback_failed']],
  ['plain', ['rolled_back', 'removed']],
];

/** How far a campaign is: a bar, and each state with its number. */
export function CampaignProgress({ campaign }: { campaign: Campaign }) {
  const counts = campaign.counts as Record<string, number>;
  const ready = groups[0][1].reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return (
    <div>
      <div className="progress" role="img" aria-label={`${ready} of ${campaign.systems} systems are ready`}>
        {groups.map(([tone, states]) => {
          const sum = states.reduce((total, state) => total + (counts[state] ?? 0), 0);
          return sum ? <span key={tone} className={`progress-${tone}`} style={{ width: `${(sum / Math.max(1, campaign.systems)) * 100}%` }} /> : null;
        })}
      </div>
      <p className="states">
        {Object.entries(counts)
          .filter(([, count]) => count > 0)
          .map(([state, count]) => (
            <State key={state} value={state} label={`${count} ${plainWords(state).toLowerCase()}`} />
          ))}
      </p>
    </div>
  );
}
