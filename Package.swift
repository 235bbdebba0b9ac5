// swift-tools-version: 6.2
import PackageDescription

/// What every target is compiled with.
let common: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// What every target but the wrappers of C libraries and the tests is compiled with.
let safe: [SwiftSetting] = common + [.strictMemorySafety()]

/// What tests are compiled with whose work is done by what they test: optimizing them takes longer
/// than it saves.
let quick: [SwiftSetting] =
  common + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// What C is compiled with.
let strict: [CSetting] =
  [
    "all", "extra", "implicit-fallthrough", "missing-prototypes", "pointer-arith", "shadow",
    "strict-prototypes", "undef", "vla", "write-strings",
  ].map { .enableWarning($0) } + [.treatAllWarnings(as: .error)]

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let database: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "progfed",
  products: [.executable(name: "progfed", targets: ["progfed"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    // 0: C modules, measures, tensors
    .target(name: "CChecksums", cSettings: strict),
    .target(name: "CCodecKernels", cSettings: strict),
    .target(name: "CCrashes", cSettings: strict),
    .target(name: "CNeuralKernels", cSettings: strict),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CSPNG", providers: [.apt(["libspng-dev"])]),
    .target(
      name: "CSQLiteDisk", cSettings: strict, linkerSettings: [.linkedLibrary("sqlite3")]),
    .systemLibrary(name: "CTurboJPEG", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "Measures", swiftSettings: safe),
    .target(name: "Bytes", dependencies: ["CChecksums", crypto], swiftSettings: safe),
    .target(name: "Tensors", dependencies: ["Bytes"], swiftSettings: safe),
    // 1
    .target(
      name: "Codecs", dependencies: ["Bytes", "CCodecKernels", "CZstd", "Measures", "Tensors"],
      swiftSettings: safe),
    .target(
      name: "Datasets",
      dependencies: ["Bytes", "CSPNG", "CTurboJPEG", "CZlib", "Measures", "Tensors"],
      swiftSettings: safe),
    .target(name: "Links", dependencies: ["Measures"], swiftSettings: safe),
    .target(name: "OneDNN", dependencies: ["COneDNN"], swiftSettings: common),
    .target(name: "Programs", dependencies: [subprocess, system], swiftSettings: safe),
    .target(name: "Progressive", dependencies: ["Measures"], swiftSettings: safe),
    .target(name: "ZMTP", dependencies: ["Measures"], swiftSettings: safe),
    // 2
    .target(
      name: "Ledger", dependencies: ["Bytes", "Measures", "Tensors", database],
      swiftSettings: safe),
    .target(
      name: "Neural", dependencies: ["CNeuralKernels", "Measures", "OneDNN", "Tensors"],
      swiftSettings: safe),
    .target(
      name: "Wire", dependencies: ["Bytes", "Codecs", "Measures", protobuf],
      exclude: ["Schema/progfed.proto"], swiftSettings: safe),
    .target(
      name: "ZeroMQ", dependencies: ["Bytes", "CZeroMQ", "Measures", "ZMTP"], swiftSettings: common),
    // 3
    .target(
      name: "Federation",
      dependencies: ["Bytes", "Codecs", "Measures", "Progressive", "Tensors", "Wire"],
      swiftSettings: safe),
    .target(
      name: "Models", dependencies: ["Bytes", "Measures", "Neural", "OneDNN", "Tensors"],
      swiftSettings: safe),
    // 4
    .target(
      name: "Topology",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Links", "Measures", "Models", "Neural",
        "Progressive", "Tensors", yaml,
      ],
      swiftSettings: safe),
    // 5
    .target(
      name: "LocalTraining",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "Measures", "Models", "Neural",
        "OneDNN", "Programs", "Progressive", "Tensors", "Topology", "Wire",
      ],
      swiftSettings: safe),
    .target(
      name: "Fuzzing",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "Live", "Measures", "Models",
        "Progressive", "Tensors", "Topology", "Wire",
      ],
      swiftSettings: safe),
    .target(
      name: "Reports", dependencies: ["Bytes", "CZlib", "Federation", "Ledger", "Measures"],
      swiftSettings: safe),
    // 6
    .target(
      name: "Server",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "LocalTraining", "Measures",
        "Models", "Neural", "Progressive", "Tensors", "Topology", "Wire", "ZMTP",
      ],
      swiftSettings: safe),
    .target(
      name: "Live", dependencies: ["Federation", "Ledger", "Reports"], swiftSettings: safe),
    // 7
    .target(
      name: "Runtime",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "Links", "LocalTraining", "Measures",
        "Models", "Neural", "Progressive", "Server", "Tensors", "Topology", "Wire", "ZMTP",
        "ZeroMQ",
      ],
      swiftSettings: safe),
    .target(
      name: "Simulation",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "Links", "LocalTraining", "Measures",
        "Models", "Neural", "Progressive", "Server", "Tensors", "Topology", "Wire", "ZMTP",
      ],
      swiftSettings: safe),
    // 8
    .target(
      name: "Faults",
      dependencies: [
        "Bytes", "CSQLiteDisk", "Codecs", "Federation", "Ledger", "LocalTraining", "Measures",
        "Progressive", "Simulation", "Tensors", "Wire",
      ],
      swiftSettings: safe),
    .target(
      name: "Benchmarks",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "Links", "LocalTraining",
        "Measures", "Progressive", "Runtime", "Server", "Simulation", "Tensors", "Topology", "Wire",
        "ZMTP", "ZeroMQ",
      ],
      swiftSettings: safe),
    // 9
    .executableTarget(
      name: "progfed",
      dependencies: [
        "Benchmarks", "Bytes", "CCrashes", "Codecs", "Datasets", "Faults", "Federation", "Fuzzing",
        "Ledger", "Links", "Live", "LocalTraining", "Measures", "Models", "Neural", "OneDNN",
        "Progressive", "Reports", "Runtime", "Server", "Simulation", "Tensors", "Topology", "Wire",
        "ZMTP", "ZeroMQ", argumentParser,
      ],
      resources: [.embedInCode("Templates")], swiftSettings: safe),
    // Tests
    .target(name: "CAllocations", path: "Tests/CAllocations", cSettings: strict),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: common),
    .testTarget(
      name: "CodecsTests",
      dependencies: ["Bytes", "CCodecKernels", "Codecs", "Measures", "Models", "Tensors"],
      exclude: ["Vectors"], swiftSettings: common),
    .testTarget(
      name: "DatasetsTests",
      dependencies: [
        "CSPNG", "CTurboJPEG", "CZlib", "Datasets", "Measures", "Tensors", "TestSupport",
      ],
      resources: [.copy("Fixtures")], swiftSettings: common),
    .testTarget(
      name: "BytesTests", dependencies: ["Bytes", "CChecksums", "Measures"],
      swiftSettings: quick),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Measures", "Progressive", "Tensors", "TestSupport", "Wire",
        "ZMTP", "ZeroMQ", "progfed", database,
      ],
      swiftSettings: quick),
    .testTarget(
      name: "FaultsTests",
      dependencies: ["Faults", "Federation", "Ledger", "Measures", "TestSupport"],
      swiftSettings: quick),
    .testTarget(
      name: "FederationTests",
      dependencies: [
        "Bytes", "CNeuralKernels", "Codecs", "Federation", "Measures", "Progressive", "Tensors",
        "Wire",
      ],
      resources: [.copy("Fixtures")], swiftSettings: quick),
    .testTarget(
      name: "FuzzingTests", dependencies: ["Fuzzing", "Measures", "TestSupport"],
      swiftSettings: quick),
    .testTarget(
      name: "LedgerTests", dependencies: ["Bytes", "Ledger", "Measures", "Tensors", database],
      swiftSettings: quick),
    .testTarget(
      name: "LiveTests", dependencies: ["Live", "TestSupport"], swiftSettings: quick),
    .testTarget(name: "LinksTests", dependencies: ["Links", "Measures"], swiftSettings: quick),
    .testTarget(name: "MeasuresTests", dependencies: ["Measures"], swiftSettings: quick),
    .testTarget(
      name: "ModelsTests", dependencies: ["Measures", "Models", "Neural", "Tensors"],
      resources: [.copy("Fixtures")], swiftSettings: common),
    .testTarget(
      name: "NeuralTests",
      dependencies: [
        "CAllocations", "Measures", "Models", "Neural", "OneDNN", "Tensors", "TestSupport",
      ],
      resources: [.copy("Fixtures")], swiftSettings: common),
    .testTarget(name: "OneDNNTests", dependencies: ["OneDNN"], swiftSettings: quick),
    .testTarget(
      name: "ProgramsTests", dependencies: ["Programs", "TestSupport"], swiftSettings: quick),
    .testTarget(
      name: "ProgressiveTests", dependencies: ["Measures", "Progressive"], swiftSettings: quick),
    .testTarget(
      name: "ReportsTests",
      dependencies: ["Bytes", "CZlib", "Federation", "Ledger", "Measures", "Reports"],
      exclude: ["EventFiles"], swiftSettings: quick),
    .testTarget(
      name: "RuntimeTests",
      dependencies: [
        "Benchmarks", "Bytes", "Codecs", "Federation", "Ledger", "Links", "LocalTraining",
        "Measures", "Models", "Progressive", "Runtime", "Server", "Simulation", "Tensors",
        "TestSupport", "Topology", "Wire", "ZMTP", "ZeroMQ",
      ],
      swiftSettings: quick),
    .testTarget(
      name: "LocalTrainingTests",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "LocalTraining", "Measures",
        "Models", "Tensors", "TestSupport", "Topology", "Wire",
      ],
      swiftSettings: common),
    .testTarget(
      name: "ServerTests",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "LocalTraining", "Measures",
        "Models", "Progressive", "Server", "Tensors", "TestSupport", "Topology", "Wire", "ZMTP",
      ],
      swiftSettings: quick),
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Ledger", "Links", "LocalTraining", "Measures",
        "Models", "Neural", "Progressive", "Server", "Simulation", "Tensors", "TestSupport",
        "Topology", "Wire",
      ],
      swiftSettings: quick),
    .testTarget(
      name: "TensorsTests", dependencies: ["Measures", "Tensors"], swiftSettings: common),
    .testTarget(
      name: "TopologyTests",
      dependencies: [
        "Bytes", "Codecs", "Datasets", "Federation", "Links", "Measures", "Models", "Neural",
        "Progressive", "Tensors", "TestSupport", "Topology",
      ],
      swiftSettings: quick),
    .testTarget(
      name: "WireTests", dependencies: ["Bytes", "Codecs", "Measures", "Wire", protobuf],
      swiftSettings: quick),
    .testTarget(
      name: "ZeroMQTests", dependencies: ["Bytes", "Measures", "ZMTP", "ZeroMQ"],
      swiftSettings: quick),
  ],
  swiftLanguageModes: [.v6]
)
