// Systems at each level, day by day. Loaded when the overview is there already: the chart library is the largest part of the interface.
import { useComputedColorScheme } from '@mantine/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import type { LevelsOfDay } from '../../generated/api';

use([LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

export default function HistoryChart({ history }: { history: LevelsOfDay[] }) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  useEffect(() => {
    if (!place.current || history.length < 2) return;
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const chart = init(place.current);
    chart.setOption({
      animation: false,
      grid: { left: 8, right: 20, top: 10, bottom: 4, containLabel: true },
      // Drawn into the canvas: a box of HTML would need inline styles, which the policy forbids.
      tooltip: { trigger: 'axis', renderMode: 'richText', order: 'seriesDesc', backgroundColor: color('--surface'), textStyle: { color: color('--mantine-color-text') } },
      xAxis: { type: 'category', boundaryGap: false, data: history.map((one) => one.day), axisLabel: { color: color('--dim'), formatter: (day: string) => shortDay.format(new Date(`${day}T12:00:00Z`)), interval: Math.ceil(history.length / 5) }, axisLine: { lineStyle: { color: color('--line') } } },
      yAxis: { type: 'value', minInterval: 1, axisLabel: { color: color('--dim') }, splitLine: { lineStyle: { color: color('--line') } } },
      series: [1, 2, 3, 4].map((level) => ({
        name: `Level ${level}`,
        type: 'line',
        stack: 'all',
        symbol: 'none',
        lineStyle: { width: 0 },
        areaStyle: { opacity: 0.9 },
        color: color(`--level-${level}`),
        data: history.map((one) => one.levels[level]),
      })),
    });
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [history, scheme]);
  const first = history[0];
  const now = history.at(-1)!;
  const words = [4, 3, 2, 1].map((level) => `level ${level}: ${first.levels[level]} then, ${now.levels[level]} now`).join('; ');
  if (history.length < 2) return <p className="dimmed chart-empty">The history begins today: one figure is kept for each day.</p>;
  return <div ref={place} className="chart" role="img" aria-label={`Systems at each level from ${first.day} to ${now.day}. ${words}`} />;
}
