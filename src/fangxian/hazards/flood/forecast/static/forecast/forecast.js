// A forecast: observed is solid ink, corrected dashed, without correction thin, its range a pale fan, earlier issues
// faint, rain hangs from the top, marks are thin labelled lines, the hour it starts from a dotted upright.
import { make } from '../web/dom.js';
import { onRepaint, tones } from '../web/palette.js';

const hour = (ms) => {
  const d = new Date(ms + 8 * 3600e3).toISOString();
  return document.documentElement.lang === 'en'
    ? d.slice(5, 13).replace('T', ' ') + 'h'
    : `${d.slice(8, 10)}日${d.slice(11, 13)}时`;
};

function tip(items, words) {
  const told = make('div', {}, hour(items[0].value[0]));
  items.forEach(({ seriesName, value }) => {
    if (!seriesName || seriesName.startsWith('~')) return;
    told.append(make('br'), `${seriesName} ${value[1] === null ? words.missing : value[1]}`);
  });
  return told;
}

const line = (name, rows, style, more = {}) => ({
  name,
  type: 'line',
  data: rows,
  showSymbol: false,
  connectNulls: false,
  lineStyle: style,
  itemStyle: { color: style.color },
  ...more,
});

function uprights(data, words, tone) {
  const marks = data.marks.map((mark) => ({
    yAxis: mark.value,
    lineStyle: { color: tone(`l${mark.level}-ink`), type: 'solid', width: 1.2 },
    label: {
      formatter: `${mark.name} ${mark.value.toFixed(2)}`,
      position: 'insideStartTop',
      color: tone(`l${mark.level}-ink`),
    },
  }));
  const from = {
    xAxis: data.at,
    lineStyle: { color: tone('gap'), type: 'dotted' },
    label: { formatter: words.from, position: 'end', rotate: 0, distance: 2, color: tone('ink-3') },
  };
  return { silent: true, symbol: 'none', data: [...marks, from] };
}

function lines(data, words, tone) {
  const band = data.high.map(([at, value], k) => [at, value === null ? null : value - data.low[k][1]]);
  const quiet = { tooltip: { show: false } };
  return [
    {
      name: words.rain,
      type: 'bar',
      yAxisIndex: 1,
      data: data.rain,
      itemStyle: { color: tone('rain') },
      barMaxWidth: 8,
    },
    ...data.earlier.map((rows) =>
      line('~', rows, { color: tone('edge'), width: 0.8 }, { silent: true, ...quiet }),
    ),
    line('~low', data.low, { opacity: 0 }, { stack: 'band', ...quiet }),
    line(
      '~band',
      band,
      { opacity: 0 },
      { stack: 'band', areaStyle: { color: tone('act'), opacity: 0.16 }, ...quiet },
    ),
    line(words.raw, [...data.past, ...data.raw], { color: tone('act'), width: 1 }),
    line(words.flow, data.flow, { color: tone('act'), width: 2.2, type: 'dashed' }),
    line(words.seen, data.seen, { color: tone('ink'), width: 2 }, { markLine: uprights(data, words, tone) }),
  ];
}

function paint(box, chart, data) {
  const words = box.dataset;
  const tone = tones();
  const numbers = [data.seen, data.low, data.high, data.flow]
    .flat()
    .map((pair) => pair[1])
    .concat(data.marks.map((mark) => mark.value))
    .filter((value) => value !== null);
  const most = Math.max(...numbers);
  const low = data.unit === 'm' ? Math.floor(Math.min(...numbers) * 2) / 2 : 0;
  const wet = Math.max(10, ...data.rain.map((pair) => pair[1] || 0));
  const axis = { axisLabel: { color: tone('ink-3') }, nameTextStyle: { color: tone('ink-3') } };
  chart.setOption(
    {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 56, right: 52, top: 34, bottom: 30 },
      tooltip: {
        trigger: 'axis',
        backgroundColor: tone('paper'),
        borderColor: tone('line'),
        textStyle: { color: tone('ink') },
        formatter: (items) => tip(items, words),
      },
      xAxis: {
        type: 'time',
        axisLabel: { formatter: hour, color: tone('ink-3'), hideOverlap: true },
        splitLine: { show: false },
      },
      yAxis: [
        {
          type: 'value',
          min: low,
          max: most + ((most - low) * 0.4 || 1),
          name: data.unit,
          nameTextStyle: axis.nameTextStyle,
          axisLabel: { ...axis.axisLabel, formatter: (v) => (v > most ? '' : Number(v.toFixed(2))) },
          splitLine: { lineStyle: { color: tone('line-2') } },
        },
        {
          type: 'value',
          inverse: true,
          max: wet * 3,
          name: 'mm/h',
          nameLocation: 'start',
          nameTextStyle: axis.nameTextStyle,
          axisLabel: { ...axis.axisLabel, formatter: (v) => (v > wet ? '' : v) },
          splitLine: { show: false },
        },
      ],
      series: lines(data, words, tone),
    },
    true,
  );
  chart.getZr().refreshImmediately();
  box.dataset.ready = '1';
  box.dataset.lines = String(data.earlier.length);
}

document.querySelectorAll('[data-forecast]').forEach(async (box) => {
  const read = async () => (await fetch(box.dataset.forecast)).json();
  const chart = echarts.init(box, null, { renderer: 'canvas' });
  let data = await read();
  paint(box, chart, data);
  window.addEventListener('resize', () => chart.resize());
  document.body.addEventListener('live', async () => {
    data = await read();
    paint(box, chart, data);
  });
  onRepaint(() => {
    chart.resize();
    paint(box, chart, data);
  });
});
