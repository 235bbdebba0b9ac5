// Checks that modules depend downwards only.
//
// A file may import a module of this package only if its target declares it, tests too; and what a module
// declares must lie on a lower level of the house. Reads what `swift package describe --type json` prints
// from standard input and the sources below the current directory; prints one line, or one for each
// fault, and then exits with 1. With --self-test it looks at packages that are wrong instead.
import Foundation

/// The levels of the house, the lowest first.
let levels = [
  [
    "CChecksums", "CCodecKernels", "CCrashes", "CNeuralKernels", "COneDNN", "CSPNG",
    "CSQLiteDisk", "CTurboJPEG", "CZeroMQ", "CZlib", "CZstd", "Measures", "Tensors", "Bytes",
  ],
  ["Codecs", "Datasets", "Links", "OneDNN", "Programs", "Progressive", "ZMTP"],
  ["Ledger", "Neural", "Wire", "ZeroMQ"],
  ["Federation", "Models"],
  ["Topology"],
  ["LocalTraining", "Reports"],
  ["Live", "Server"],
  ["Runtime", "Simulation"],
  ["Benchmarks", "Faults", "Fuzzing"],
  ["progfed"],
]

/// Within a level, what may rest on what.
let within = ["Bytes": ["CChecksums"], "Tensors": ["Bytes"]]

/// What the check needs to know of a package.
struct Package: Decodable {
  /// A module, or a folder of tests or of what tests share.
  struct Target: Decodable {
    var name: String
    var type: String
    var path: String
    /// The files, by their paths from `path` on.
    var sources: [String]
    /// The targets of the package that this one declares; none when absent.
    var dependencies: [String]?

    /// Whether it may rest on any module, as nothing rests on it.
    var isForTests: Bool { type == "test" || path.hasPrefix("Tests/") }

    enum CodingKeys: String, CodingKey {
      case name, type, path, sources
      case dependencies = "target_dependencies"
    }
  }

  var targets: [Target]

  /// Everything that is wrong, given how to read a file.
  func faults(reading read: (String) throws -> String) rethrows -> [String] {
    let names = Set(targets.map(\.name))
    return try targets.flatMap { target in
      let declared = target.dependencies ?? []
      var faults = target.isForTests ? [] : Self.misplaced(target.name, above: declared)
      for source in target.sources where source.hasSuffix(".swift") {
        let path = "\(target.path)/\(source)"
        let foreign = Self.imports(try read(path))
          .filter { names.contains($0) && !declared.contains($0) && $0 != target.name }
        faults += foreign.map { "\(path) imports \($0), which \(target.name) doesn't declare" }
      }
      return faults
    }
  }

  /// What is wrong with the place of a module above those that it declares.
  private static func misplaced(_ name: String, above declared: [String]) -> [String] {
    func level(_ name: String) -> Int? { levels.firstIndex { $0.contains(name) } }
    guard let own = level(name) else { return ["\(name) isn't in the list of levels"] }
    return declared.filter { other in
      level(other) ?? own >= own && within[name]?.contains(other) != true
    }.map { "\(name) depends on \($0), which isn't below it" }
  }

  /// The modules that a file imports, in its order.
  private static func imports(_ text: String) -> [String] {
    let statement =
      #/^[ \t]*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+ )?import (?:(?:struct|class|enum|protocol|typealias|func|let|var|actor) )?(\w+)/#
      .anchorsMatchLineEndings()
    return text.matches(of: statement).map { String($0.1) }
  }
}

/// Packages that are wrong in one way each, with what the check must say of them.
func selfTest() -> [String] {
  let wrong: [(dependencies: [String], text: String, type: String, expected: [String])] = [
    (
      ["Runtime"], "package import Runtime", "library",
      ["Measures depends on Runtime, which isn't below it"]
    ),
    (["Tensors"], "", "library", ["Measures depends on Tensors, which isn't below it"]),
    (
      [], "import Foundation\npackage import Runtime", "library",
      ["a/b.swift imports Runtime, which Measures doesn't declare"]
    ),
    (
      [], "@testable import struct Runtime.Broker", "test",
      ["a/b.swift imports Runtime, which Measures doesn't declare"]
    ),
    ([], "// import Runtime\nimport Foundation", "library", []),
    (["Runtime"], "import Runtime", "test", []),
  ]
  var failures = wrong.compactMap { dependencies, text, type, expected in
    let package = Package(targets: [
      .init(
        name: "Measures", type: type, path: "a", sources: ["b.swift", "c.c"],
        dependencies: dependencies),
      .init(name: "Runtime", type: "library", path: "d", sources: [], dependencies: nil),
    ])
    let found = package.faults { _ in text }
    return found == expected ? nil : "expected \(expected), found \(found)"
  }
  let stranger = Package(targets: [
    .init(name: "Stranger", type: "library", path: "a", sources: [], dependencies: nil)
  ])
  if stranger.faults(reading: { _ in "" }) != ["Stranger isn't in the list of levels"] {
    failures.append("a module without a level passes")
  }
  return failures
}

let isSelfTest = CommandLine.arguments.contains("--self-test")
let faults: [String]
let success: String
if isSelfTest {
  faults = selfTest()
  success = "the check finds what is wrong"
} else {
  let description = FileHandle.standardInput.readDataToEndOfFile()
  do {
    let package = try JSONDecoder().decode(Package.self, from: description)
    faults = try package.faults { try String(contentsOfFile: $0, encoding: .utf8) }
    success = "\(package.targets.count) targets depend downwards only"
  } catch {
    faults = ["\(error)"]
    success = ""
  }
}
for fault in faults { print("layers: \(fault)") }
guard faults.isEmpty else { exit(1) }
print("layers: \(success)")
