package import Foundation

/// A trainer program for tests: a few lines of Python without any package, which add to the values
/// what follows from client, round and seed.
package enum TestTrainer {
  /// The manifest of its model: two stages, a buffer in each block.
  package static let manifest = """
    format: progfed manifest 1
    name: tiny
    classes: 4
    stages:
      - flops: 600
        block:
          - {name: w, shape: [3, 4], fanIn: 4}
          - {name: mean, shape: [3], role: buffer, init: zeros}
        head:
          - {name: w, shape: [4, 3], fanIn: 3}
      - flops: 1200
        block:
          - {name: w, shape: [3, 3], init: {normal: 0.1}}
          - {name: mean, shape: [3], role: buffer, init: ones}
        head:
          - {name: w, shape: [4, 3], fanIn: 3}
        headFrom: head1
    """ + "\n"

  /// A topology of two stages that it trains; `extra` are more lines.
  ///
  /// The program is called with `arguments`.
  package static func topology(
    clients: Int = 4, rounds: String = "[2, 3]", arguments: [String] = [], extra: String = ""
  ) -> String {
    let program = (["python3", "trainer.py"] + arguments).joined(separator: ", ")
    return """
      name: tiny
      clients: \(clients)
      seed: 5
      model: {manifest: net.yaml}
      training: {program: [\(program)], epochs: 2, options: {shift: 0.5}, limits: {silence: 20 s}}
      stages: {rounds: \(rounds), warmUp: 1}
      participation: {perRound: \(clients)}
      evaluation: {clients: all}
      \(extra)

      """
  }

  /// Writes the program, its manifest and a topology into `folder`, and returns the topology's
  /// path.
  package static func write(into folder: URL, topology: String) throws -> String {
    try Data(script.utf8).write(to: folder.appending(path: "trainer.py"))
    try Data(manifest.utf8).write(to: folder.appending(path: "net.yaml"))
    let file = folder.appending(path: "tiny.yaml")
    try Data(topology.utf8).write(to: file)
    return file.path
  }

  /// The program; its first argument says what it does wrong, if anything.
  ///
  /// "KIND@ROUND" does it in that round alone, and "KIND@ROUND@FILE" until the file is there, which
  /// it makes.
  package static let script = #"""
    import json, os, struct, sys, time

    fault, turn, mark = (sys.argv[1:2] or [""])[0], 0, None
    if "@" in fault:
        parts = fault.split("@")
        fault, turn, mark = parts[0], int(parts[1]), (parts + [None])[2]
    delay = float(os.environ.get("TRAINER_DELAY", "0"))

    T = {"w": ([3, 4], "fanIn", 4), "h": ([4, 3], "fanIn", 3)}
    MANIFEST = {
        "format": "progfed manifest 1", "name": "tiny", "classes": 4,
        "stages": [
            {"block": [{"name": "w", "shape": [3, 4], "fanIn": 4},
                       {"name": "mean", "shape": [3], "role": "buffer"}],
             "head": [{"name": "w", "shape": [4, 3], "fanIn": 3}], "flops": 600},
            {"block": [{"name": "w", "shape": [3, 3], "init": {"normal": 0.1}},
                       {"name": "mean", "shape": [3], "role": "buffer", "init": "ones"}],
             "head": [{"name": "w", "shape": [4, 3], "fanIn": 3}], "headFrom": "head1",
             "flops": 1200},
        ],
    }


    def load(path):
        data = open(path, "rb").read()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        tensors = {}
        for name, facts in header.items():
            if name != "__metadata__":
                begin, end = (8 + size + x for x in facts["data_offsets"])
                count = (end - begin) // 4
                tensors[name] = (facts["shape"], list(struct.unpack(f"<{count}f", data[begin:end])))
        return tensors


    def save(path, tensors):
        header, body = {}, b""
        for name, (shape, values) in tensors.items():
            part = struct.pack(f"<{len(values)}f", *values)
            header[name] = {"dtype": "F32", "shape": shape,
                            "data_offsets": [len(body), len(body) + len(part)]}
            body += part
        text = json.dumps(header).encode()
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + body)


    def holding(request):
        return {"samples": 20 + 3 * request["client"], "heldOut": 5}


    def train(request):
        values = load(request["model"])
        shift = request["options"].get("shift", 0)
        trained = {}
        for segment in request["segments"]:
            if not segment["trained"]:
                continue
            for name, (shape, old) in values.items():
                if name.startswith(segment["name"] + "."):
                    step = segment["learningRate"] * (1 + request["seed"] % 97)
                    trained[name] = (shape, [
                        v + step * (shift - v + 0.01 * request["client"]) / 100 for v in old])
        if misbehaves(request, trained):
            return None
        save(request["output"], trained)
        print(json.dumps({"id": request["id"], "progress": 1}), flush=True)
        loss = sum(sum(v * v for v in old) for _, old in values.values())
        return {"samples": holding(request)["samples"], "loss": min(loss, 9), "steps": 4}


    def misbehaves(request, trained):
        if not fault or (turn and request["round"] != turn) or (mark and os.path.exists(mark)):
            return False
        if mark:
            open(mark, "w").close()
        name, answer = next(iter(trained)), {"samples": 20, "loss": 1, "steps": 1}
        sys.stderr.write(f"about to do wrong: {fault}\n")
        sys.stderr.flush()
        if fault == "dies":
            os._exit(3)
        elif fault == "killed":
            os.kill(os.getpid(), 9)
        elif fault == "hangs":
            time.sleep(1000)
        elif fault == "nonsense":
            print("Epoch 1/2, that is", flush=True)
            return True
        elif fault == "half":
            sys.stdout.write('{"id":')
            sys.stdout.flush()
            os._exit(4)
        elif fault == "long":
            sys.stdout.write("x" * (17 << 20))
            sys.stdout.flush()
            time.sleep(1000)
        elif fault == "otherId":
            answer["id"] = 1
        elif fault == "array":
            print("[1, 2]", flush=True)
            return True
        elif fault == "nan":
            trained[name] = (trained[name][0], [float("nan")] * len(trained[name][1]))
        elif fault == "shape":
            trained[name] = ([1, len(trained[name][1])], trained[name][1])
        elif fault == "lacks":
            del trained[name]
        elif fault == "noFile":
            print(json.dumps({"id": request["id"], **answer}), flush=True)
            return True
        elif fault == "broken":
            with open(request["output"], "wb") as file:
                file.write(b"this is no file of tensors")
            print(json.dumps({"id": request["id"], **answer}), flush=True)
            return True
        elif fault == "noSteps":
            answer["steps"] = 0
        elif fault == "manySamples":
            answer["samples"] = 10 ** 9
        elif fault == "negativeLoss":
            answer["loss"] = -1
        elif fault == "error":
            print(json.dumps({"id": request["id"], "error": "diverged", "detail": "in step 3"}),
                  flush=True)
            return True
        elif fault == "flood":
            for i in range(200000):
                sys.stderr.write(f"a line of many, {i}\n")
            sys.stderr.flush()
            return False
        save(request["output"], trained)
        print(json.dumps({"id": request["id"], **answer}), flush=True)
        return True


    def evaluate(request):
        values = load(request["model"])
        total = sum(sum(v * v for v in old) for _, old in values.values())
        return {"samples": 5, "correct": int(total * 10) % 6, "loss": total}


    if fault == "greets":
        print('a library says hello\n{"version": 3}\n[1, 2]', flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        call = request["call"]
        if call == "quit":
            if fault == "stays":
                time.sleep(1000)
            break
        if call == "cancel":
            continue
        if delay and call == "train":
            time.sleep(delay)
        if call == "describe":
            answer = {"protocol": 1, "trainer": "tiny 1", "supports": [], "manifest": MANIFEST}
        elif call == "count":
            answer = holding(request)
        elif call == "train":
            answer = train(request)
        elif call == "evaluate":
            answer = evaluate(request)
        else:
            answer = {"error": "unknownCall", "detail": call}
        if answer is not None:
            print(json.dumps({"id": request["id"], **answer}), flush=True)
    """# + "\n"
}
