import Foundation
import Measures
import Models
import Programs
import Tensors
import Topology

/// The start of trainer programs, and the first that they say.
enum TrainerLaunch {
  /// The version of the protocol that is spoken.
  static let version = 1

  /// The launch of the `number`th program, from 0, in the folder of the topology `file`.
  static func launch(
    _ program: TrainerProgram, beside file: String, number: Int
  ) -> ChildProgram.Launch {
    var launch = ChildProgram.Launch(program.command)
    launch.folder = file.lastIndex(of: "/").map { String(file[..<$0]) }
    if launch.folder?.isEmpty == true { launch.folder = "/" }
    launch.memory = program.memory?.bytes
    launch.environment = [
      "PROGFED_TRAINER": "\(version)", "PROGFED_LANE": "\(number)", "PYTHONUNBUFFERED": "1",
    ]
    // Each program has one of the cores, as a lane of the pool has.
    for name in ["PROGFED", "OMP", "OPENBLAS", "MKL"] {
      launch.environment[name == "PROGFED" ? "PROGFED_THREADS" : "\(name)_NUM_THREADS"] = "1"
    }
    return launch
  }

  /// The first request, and its answer.
  static func describe(
    _ session: TrainerSession, options: [String: OptionValue]
  ) throws(TrainerFault) -> TrainerSession.Answer {
    let answer = try session.ask(
      "describe", ["protocol": .whole(version), "options": .section(options)], isStart: true)
    guard let spoken = answer["protocol"]?.whole else {
      throw .nonsense("describe tells no protocol")
    }
    guard spoken == version else {
      throw .nonsense("it speaks version \(spoken) of the protocol, and progfed version \(version)")
    }
    return answer
  }

  /// The model that a description tells.
  static func manifest(
    _ answer: TrainerSession.Answer
  ) throws(TrainerFault) -> ModelManifest {
    guard let told = answer["manifest"] else { throw .nonsense("describe tells no manifest") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let text = try? encoder.encode(told) else { throw .nonsense("the manifest isn't JSON") }
    do throws(TopologyError) {
      let file = try ManifestFile(
        parsing: String(decoding: text, as: UTF8.self), file: "the program's manifest")
      return file.manifest
    } catch { throw .nonsense("\(error)") }
  }
}

extension ModelManifest {
  /// The first thing in which another manifest differs, in words; nil where it is the same but for
  /// costs and first values.
  func difference(from other: ModelManifest) -> String? {
    if stages.count != other.stages.count {
      return "\(other.stages.count) stages, and not \(stages.count)"
    }
    if pointsPerSample != other.pointsPerSample {
      return "\(other.pointsPerSample) predictions for each sample, and not \(pointsPerSample)"
    }
    for (index, (own, others)) in zip(stages, other.stages).enumerated() {
      for (kind, mine, theirs) in [
        ("block", own.block, others.block), ("head", own.head, others.head),
      ] {
        let segment = "\(kind)\(index + 1)"
        if mine.count != theirs.count {
          return "\(segment) has \(theirs.count) tensors, and not \(mine.count)"
        }
        for (tensor, its) in zip(mine, theirs)
        where (tensor.name, tensor.shape, tensor.role) != (its.name, its.shape, its.role) {
          return "\(segment) has \(its.name) of \(its.shape) where \(tensor.name) of "
            + "\(tensor.shape) should be"
        }
      }
    }
    return nil
  }
}
