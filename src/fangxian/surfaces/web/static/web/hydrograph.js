// Hydrograph widget: rain hangs from the top, observed is solid ink, marks are thin labelled lines,
// a gap in the line is a labelled gap, "now" is a dotted upright.
import { make } from './dom.js';

const MARKS = { 1: '#c8102e', 2: '#b85600', 3: '#8a6d00', 4: '#1f6fd6' };
const clock = (ms) => {
  const d = new Date(ms + 8 * 3600e3).toISOString();
  return `${d.slice(8, 10)}日${d.slice(11, 13)}时`;
};

function holes(rows) {
  const found = [];
  let from = null;
  rows.forEach(([at, value], k) => {
    if (value === null && from === null) from = k ? rows[k - 1][0] : at;
    if (value !== null && from !== null) {
      found.push([from, at]);
      from = null;
    }
  });
  if (from !== null) found.push([from, rows[rows.length - 1][0]]);
  return found;
}

function tip(hour, items, words) {
  const told = make('div', {}, hour);
  items.forEach(({ seriesName, value }) => {
    told.append(make('br'), `${seriesName} ${value[1] === null ? words.missing : value[1]}`);
  });
  return told;
}

export async function draw(box) {
  const words = box.dataset;
  const data = await (await fetch(`/stations/${words.code}/series.json?hours=${words.hours || 72}`)).json();
  const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: 'canvas' });
  const english = document.documentElement.lang === 'en';
  const hour = (ms) =>
    english ? new Date(ms + 8 * 3600e3).toISOString().slice(5, 13).replace('T', ' ') + 'h' : clock(ms);
  const hasStage = data.stage.some((r) => r[1] !== null);
  const values = data.stage
    .map((r) => r[1])
    .filter((v) => v !== null)
    .concat(hasStage ? data.marks.map((m) => m.value) : []);
  const low = values.length ? Math.floor(Math.min(...values) * 2) / 2 : 0;
  const high = values.length ? Math.ceil(Math.max(...values) * 2) / 2 : 1;
  const most = Math.max(10, ...data.rain.map((r) => r[1] || 0));
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 52, right: 52, top: 34, bottom: 30 },
    tooltip: {
      trigger: 'axis',
      formatter: (items) => tip(hour(items[0].value[0]), items, words),
    },
    xAxis: {
      type: 'time',
      min: data.since,
      max: data.now,
      axisLabel: { formatter: hour, color: '#5f6e7c', hideOverlap: true },
      splitLine: { show: false },
    },
    yAxis: [
      {
        type: 'value',
        min: hasStage ? low : undefined,
        max: hasStage ? high + (high - low) * 0.45 : undefined,
        name: hasStage ? `m ${data.datum}` : '',
        nameTextStyle: { color: '#5f6e7c' },
        axisLabel: { color: '#5f6e7c', formatter: (v) => (v > high ? '' : v.toFixed(1)) },
        splitLine: { lineStyle: { color: '#e8edf1' } },
        show: hasStage,
      },
      {
        type: 'value',
        inverse: true,
        max: most * (hasStage ? 2.6 : 1.15),
        name: 'mm/h',
        nameLocation: 'start',
        nameTextStyle: { color: '#5f6e7c' },
        axisLabel: { color: '#5f6e7c', formatter: (v) => (v > most ? '' : v) },
        splitLine: { show: false },
      },
    ],
    series: [
      {
        name: words.rain,
        type: 'bar',
        yAxisIndex: 1,
        data: data.rain,
        itemStyle: { color: '#3b82c4' },
        barMaxWidth: 10,
        markArea: {
          silent: true,
          itemStyle: { color: '#8795a122' },
          label: { color: '#5f6e7c', fontSize: 11 },
          data: holes(data.rain).map(([a, b]) => [{ xAxis: a, name: words.missing }, { xAxis: b }]),
        },
      },
      {
        name: words.stage,
        type: 'line',
        yAxisIndex: 0,
        data: data.stage,
        showSymbol: false,
        connectNulls: false,
        lineStyle: { color: '#17212b', width: 2 },
        itemStyle: { color: '#17212b' },
        markLine: {
          silent: true,
          symbol: 'none',
          data: [
            ...(hasStage
              ? data.marks.map((m) => ({
                  yAxis: m.value,
                  lineStyle: { color: MARKS[m.level], type: 'solid', width: 1.2 },
                  label: {
                    formatter: `${m.name} ${m.value.toFixed(2)}`,
                    position: 'insideStartTop',
                    color: MARKS[m.level],
                  },
                }))
              : []),
            {
              xAxis: data.now,
              lineStyle: { color: '#8795a1', type: 'dotted' },
              label: { formatter: words.now, position: 'end', rotate: 0, distance: 2, color: '#5f6e7c' },
            },
          ],
        },
        markArea: {
          silent: true,
          itemStyle: { color: '#8795a122' },
          label: { color: '#5f6e7c', fontSize: 11 },
          data: hasStage
            ? holes(data.stage).map(([a, b]) => [{ xAxis: a, name: words.missing }, { xAxis: b }])
            : [],
        },
      },
    ],
  });
  box.dataset.ready = '1';
  box.dataset.holes = String(holes(data.rain).length + (hasStage ? holes(data.stage).length : 0));
  return chart;
}

document.querySelectorAll('[data-hydrograph]').forEach((box) => {
  draw(box).then((chart) => window.addEventListener('resize', () => chart.resize()));
  document.body.addEventListener('live', () => draw(box));
});
