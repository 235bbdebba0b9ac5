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

let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
  name: "progfed",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // 0: C modules, measures, tensors
    .target(name: "CChecksums"),
    .target(name: "Measures", swiftSettings: safe),
    .target(name: "Tensors", swiftSettings: safe),
    .target(name: "Digests", dependencies: ["CChecksums", crypto], swiftSettings: safe),
    // 1
    .target(name: "Progressive", swiftSettings: safe),
    // 2
    .target(
      name: "Wire", dependencies: ["Digests", "Measures", protobuf],
      exclude: ["Schema/progfed.proto"], swiftSettings: safe),
    // 3
    .target(
      name: "Federation", dependencies: ["Digests", "Measures", "Progressive", "Wire"],
      swiftSettings: safe),
  ],
  swiftLanguageModes: [.v6]
)
