import Foundation
package import Models
import Tensors

/// A manifest as it was read, with the file of first values that it names.
package struct ManifestFile: Sendable {
  /// The model.
  package var manifest: ModelManifest
  /// The path of the safetensors file with first values; nil where rules give them.
  package var values: String?

  /// Reads the manifest in `text`, which is YAML or JSON, of `file` as errors name it.
  ///
  /// - Throws: everything that is wrong with it, with the line of each fault.
  package init(parsing text: String, file: String) throws(TopologyError) {
    let document: YAMLDocument
    do throws(TopologyIssue.Unreadable) { document = try YAMLDocument(text) } catch {
      throw TopologyError(file: file, unreadable: error)
    }
    let reading = Reading(repetitions: document.repetitions)
    guard let root = document.root else {
      reading.report("", "is empty", remedy: "progfed describe writes one")
      throw reading.error(file: file)
    }
    let read = Cursor(root, path: "", reading: reading).keys {
      ManifestFile(reading: &$0, beside: file)
    }
    reading.reportRepetitions()
    guard let read, let read, reading.isSound("") else { throw reading.error(file: file) }
    self = read
  }

  /// Reads the manifest that a topology names or holds; nil and faults where it is none.
  ///
  /// A fault of a file is one of the key that names it, with the line in the file.
  init?(_ cursor: Cursor, beside file: String) {
    guard cursor.isScalar else {
      guard let read = cursor.keys({ ManifestFile(reading: &$0, beside: file) }), let read else {
        return nil
      }
      self = read
      return
    }
    guard let name = cursor.text() else { return nil }
    let path = DataSection.path(name, beside: file)
    do throws(TopologyError) {
      self = try ManifestFile(parsing: Topology.text(of: path), file: path)
    } catch {
      for fault in error.faults {
        let place =
          if case .line(let line, _) = fault.place { "\(path):\(line):" } else { "\(path)" }
        cursor.reading.report(cursor.path, "\(place) \(fault.problem)", remedy: fault.remedy)
      }
      return nil
    }
  }

  /// Reads the keys; nil where there is no model in them.
  init?(reading keys: inout KeyReader, beside file: String) {
    let format = keys.required("format", remedy: "write format: \(Self.format)") { cursor in
      guard cursor.word == Self.format else {
        cursor.expected(
          "“\(Self.format)”", remedy: "write it; a manifest of another format isn't known here")
        return nil as Bool?
      }
      return true
    }
    let name = keys.required("name", remedy: "write the model's name") { Self.word($0, most: 64) }
    values = keys.optional("values") { cursor in
      cursor.text().map { DataSection.path($0, beside: file) }
    }
    let classes = keys.optional("classes") { Self.classes($0) }
    let points = keys.value("pointsPerSample", default: 1) { $0.whole(1...1_000_000_000) }
    let stages = keys.required("stages", remedy: "write a list of stages, each block and head") {
      Self.stages($0)
    }
    guard format != nil, let name, let stages else { return nil }
    manifest = ModelManifest(name: name, stages: stages)
    manifest.classes = classes
    manifest.pointsPerSample = points
  }

  /// The first words of a manifest.
  static let format = "progfed manifest 1"
  /// The most tensors of a block or head.
  private static let mostTensors = 10_000
  /// The most tensors of all blocks and heads.
  private static let mostOfAll = 65_536

  /// The number of classes, or that of their names.
  private static func classes(_ cursor: Cursor) -> Int? {
    guard !cursor.isScalar else { return cursor.whole(1...65_536) }
    let names = cursor.elements(
      "a number of classes or a list of their names", remedy: "write one, as in 10",
      atMost: 65_536)?.map { $0.text(atMost: 200) }
    guard let names, !names.contains(nil), !names.isEmpty else { return nil }
    return names.count
  }

  private static func stages(_ cursor: Cursor) -> [ModelManifest.Stage]? {
    let remedy = "write one or more, each with block and head"
    guard let elements = cursor.elements("a list of stages", remedy: remedy, atMost: 100) else {
      return nil
    }
    guard !elements.isEmpty else {
      cursor.report("has no stage", remedy: remedy)
      return nil
    }
    var stages: [ModelManifest.Stage] = []
    for (index, element) in elements.enumerated() {
      let previous = stages.count == index ? stages.last : nil
      let read = element.keys { stage(&$0, index + 1, after: previous) }
      if let read, let read { stages.append(read) }
    }
    guard stages.count == elements.count else { return nil }
    let count = stages.reduce(0) { $0 + $1.block.count + $1.head.count }
    guard count <= mostOfAll else {
      cursor.report("have \(count) tensors", remedy: "write \(mostOfAll) at most")
      return nil
    }
    return stages
  }

  private static func stage(
    _ keys: inout KeyReader, _ number: Int, after previous: ModelManifest.Stage?
  ) -> ModelManifest.Stage? {
    let remedy = "write its tensors, as in [{name: weight, shape: [10, 8], fanIn: 8}]"
    let block = keys.required("block", remedy: remedy) { tensors($0) }
    let head = keys.required("head", remedy: remedy) { tensors($0) }
    let flops = keys.optional("flops") { $0.number(0...1e18) }
    let isFrozen = keys.value("frozen", default: false) { $0.flag() }
    if isFrozen {
      keys.reading.report(
        keys.full("frozen"), "\(keys.full("frozen")) isn't supported: every block is trained",
        remedy: "remove it, or let the trainer leave the block's values as they are")
    }
    let carried = [("blockFrom", block, previous?.block), ("headFrom", head, previous?.head)]
    let isCarried = carried.map { key, own, old in
      keys.optional(key) { carries($0, String(key.dropLast(4)), number, own, old) } ?? false
    }
    guard let block, let head else { return nil }
    var stage = ModelManifest.Stage(block: block, head: head)
    (stage.carriesBlock, stage.carriesHead) = (isCarried[0], isCarried[1])
    stage.flops = flops.map { Int($0) }
    return stage
  }

  /// Reads the name of the segment whose values another one begins with: that of the stage before.
  private static func carries(
    _ cursor: Cursor, _ kind: String, _ number: Int, _ own: [Parameter]?, _ old: [Parameter]?
  ) -> Bool? {
    guard number > 1 else {
      cursor.report("has nothing to begin with in stage 1", remedy: "remove it")
      return nil
    }
    let name = "\(kind)\(number - 1)"
    guard cursor.word == name else {
      cursor.report(
        "is \(cursor.spelled), not a segment of the stage before of its kind",
        remedy: "write \(name), or remove it")
      return nil
    }
    // What is wrong with the tensors is told there.
    guard let own, let old else { return false }
    guard own.map(\.shape) == old.map(\.shape) else {
      cursor.report(
        "is \(name), whose tensors have other shapes", remedy: "remove it, or make them the same")
      return nil
    }
    return true
  }

  private static func tensors(_ cursor: Cursor) -> [Parameter]? {
    let remedy = "write one or more, as in [{name: weight, shape: [10, 8], fanIn: 8}]"
    guard
      let elements = cursor.elements("a list of tensors", remedy: remedy, atMost: mostTensors)
    else { return nil }
    guard !elements.isEmpty else {
      cursor.report("has no tensor", remedy: remedy)
      return nil
    }
    var known: Set<String> = []
    var tensors: [Parameter] = []
    var count = 0
    for element in elements {
      guard let read = element.keys({ tensor(&$0) }), let read else { continue }
      guard known.insert(read.name).inserted else {
        element.report("is \(read.name) a second time", remedy: "name each tensor once")
        continue
      }
      count += read.shape.count
      tensors.append(read)
    }
    guard count <= Int32.max else {
      cursor.report(
        "has \(count) values, more than \(Int32.max)", remedy: "make more stages of them")
      return nil
    }
    return tensors.count == elements.count ? tensors : nil
  }

  private static func tensor(_ keys: inout KeyReader) -> Parameter? {
    let name = keys.required("name", remedy: "write its name, as in conv1.weight") {
      word($0, most: 255)
    }
    let shape = keys.required("shape", remedy: "write its extents, as in [10, 8]") {
      Self.shape($0)
    }
    let role = keys.value("role", default: Parameter.Role.weight) {
      $0.choice("a role", of: [("parameter", .weight), ("buffer", .buffer)])
    }
    _ = keys.optional("type") {
      $0.choice("a type", of: ["float32", "float16", "bfloat16"].map { ($0, $0) })
    }
    let fanIn = keys.optional("fanIn") { $0.whole(1...Int(Int32.max)) }
    let path = keys.full("init")
    let initial = keys.optional("init") { rule($0, fanIn: fanIn) }
    guard let name, let shape, keys.reading.isSound(path) else { return nil }
    return Parameter(
      name, shape, role: role, initial: initial ?? fanIn.map { .uniform(fanIn: $0) } ?? .zeros)
  }

  private static func rule(_ cursor: Cursor, fanIn: Int?) -> Parameter.InitialValues? {
    guard cursor.isScalar else {
      let deviation = cursor.keys { keys in
        keys.required("normal", remedy: "write a deviation, as in {normal: 0.02}") {
          $0.number(0...1000)
        }
      }
      return (deviation ?? nil).map { .normal(deviation: $0) }
    }
    let word = cursor.choice(
      "a rule of first values", of: ["uniform", "ones", "zeros"].map { ($0, $0) })
    switch word {
    case "uniform":
      guard let fanIn else {
        cursor.report("is uniform, which needs fanIn", remedy: "write fanIn, as in fanIn: 8")
        return nil
      }
      return .uniform(fanIn: fanIn)
    case "ones": return .ones
    case "zeros": return .zeros
    default: return nil
    }
  }

  private static func shape(_ cursor: Cursor) -> Shape? {
    let remedy = "write its extents, as in [10, 8]"
    guard let elements = cursor.elements("a list of extents", remedy: remedy, atMost: 8) else {
      return nil
    }
    let extents = elements.map { $0.whole(1...Int(Int32.max)) }
    guard !extents.contains(nil) else { return nil }
    var count = 1
    for extent in extents.compactMap({ $0 }) {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Int32.max else {
        cursor.report("has more than \(Int32.max) values", remedy: "write a smaller tensor")
        return nil
      }
      count = product
    }
    return Shape(extents.compactMap { $0 })
  }

  /// A name of letters, digits and the marks between them.
  private static func word(_ cursor: Cursor, most: Int) -> String? {
    guard let text = cursor.text(atMost: most) else { return nil }
    let isWord = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isWord else {
      cursor.report(
        "is “\(Cursor.shown(text))”", remedy: "write letters, digits, _, - and . alone")
      return nil
    }
    return text
  }
}
