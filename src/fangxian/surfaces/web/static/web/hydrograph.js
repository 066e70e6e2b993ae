// Hydrograph widget: rain hangs from the top, observed is solid ink, marks are thin labelled lines,
// a gap in the line is a labelled gap, "now" is a dotted upright.
import { make } from './dom.js';
import { onRepaint, tones } from './palette.js';

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
  const { code, hours } = box.dataset;
  const data = await (await fetch(`/stations/${code}/series.json?hours=${hours || 72}`)).json();
  const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: 'canvas' });
  paint(box, chart, data);
  return { chart, data };
}

function paint(box, chart, data) {
  const words = box.dataset;
  const tone = tones();
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
      backgroundColor: tone('paper'),
      borderColor: tone('line'),
      textStyle: { color: tone('ink') },
      formatter: (items) => tip(hour(items[0].value[0]), items, words),
    },
    xAxis: {
      type: 'time',
      min: data.since,
      max: data.now,
      axisLabel: { formatter: hour, color: tone('ink-3'), hideOverlap: true },
      splitLine: { show: false },
    },
    yAxis: [
      {
        type: 'value',
        min: hasStage ? low : undefined,
        max: hasStage ? high + (high - low) * 0.45 : undefined,
        name: hasStage ? `m ${words.datum}` : '',
        nameTextStyle: { color: tone('ink-3'), align: 'left', padding: [0, 0, 0, -40] },
        axisLabel: { color: tone('ink-3'), formatter: (v) => (v > high ? '' : v.toFixed(1)) },
        splitLine: { lineStyle: { color: tone('line-2') } },
        show: hasStage,
      },
      {
        type: 'value',
        inverse: true,
        max: most * (hasStage ? 2.6 : 1.15),
        name: 'mm/h',
        nameLocation: 'start',
        nameTextStyle: { color: tone('ink-3') },
        axisLabel: { color: tone('ink-3'), formatter: (v) => (v > most ? '' : v) },
        splitLine: { show: false },
      },
    ],
    series: [
      {
        name: words.rain,
        type: 'bar',
        yAxisIndex: 1,
        data: data.rain,
        itemStyle: { color: tone('rain') },
        barMaxWidth: 10,
        markArea: {
          silent: true,
          itemStyle: { color: tone('gap'), opacity: 0.14 },
          label: { color: tone('ink-3'), fontSize: 11 },
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
        lineStyle: { color: tone('ink'), width: 2 },
        itemStyle: { color: tone('ink') },
        markLine: {
          silent: true,
          symbol: 'none',
          data: [
            ...(hasStage
              ? data.marks.map((m) => ({
                  yAxis: m.value,
                  lineStyle: { color: tone(`l${m.level}-ink`), type: 'solid', width: 1.2 },
                  label: {
                    formatter: `${m.name} ${m.value.toFixed(2)}`,
                    position: 'insideStartTop',
                    color: tone(`l${m.level}-ink`),
                  },
                }))
              : []),
            {
              xAxis: data.now,
              lineStyle: { color: tone('gap'), type: 'dotted' },
              label: { formatter: words.now, position: 'end', rotate: 0, distance: 2, color: tone('ink-3') },
            },
          ],
        },
        markArea: {
          silent: true,
          itemStyle: { color: tone('gap'), opacity: 0.14 },
          label: { color: tone('ink-3'), fontSize: 11 },
          data: hasStage
            ? holes(data.stage).map(([a, b]) => [{ xAxis: a, name: words.missing }, { xAxis: b }])
            : [],
        },
      },
    ],
  });
  chart.getZr().refreshImmediately(); // a print does not wait for the next frame
  box.dataset.ready = '1';
  box.dataset.holes = String(holes(data.rain).length + (hasStage ? holes(data.stage).length : 0));
}

document.querySelectorAll('[data-hydrograph]').forEach(async (box) => {
  let shown = await draw(box);
  window.addEventListener('resize', () => shown.chart.resize());
  document.body.addEventListener('live', async () => {
    shown = await draw(box);
  });
  onRepaint(() => {
    shown.chart.resize();
    paint(box, shown.chart, shown.data);
  });
});
