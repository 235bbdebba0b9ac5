import Links
import Measures
import Testing

@Suite struct LinkPresetTests {
  @Test(arguments: LinkPreset.all)
  func `each preset is valid, has a source and is found by its name`(preset: LinkPreset) {
    #expect(LinkPreset.named(preset.name.uppercased()) == preset)
    #expect(preset.profile.problems.isEmpty)
    #expect(!preset.source.isEmpty)
    #expect(preset.profile.down.roundTrip == preset.profile.down.delay + preset.profile.up.delay)
  }

  @Test(arguments: [
    ("2g", 280.0, 256.0, 400, 0.01), ("3g", 1600, 768, 150, 0.005), ("dsl", 1500, 384, 25, 0),
    ("lte", 12000, 12000, 35, 0.002), ("sat", 1000, 256, 600, 0),
  ])
  func `presets have the numbers of their sources`(
    name: String, down: Double, up: Double, roundTrip: Int, loss: Double
  ) throws {
    let profile = try #require(LinkPreset.named(name)).profile
    #expect(profile.down.rate == .constant(kilobits(down)))
    #expect(profile[.up].rate == .constant(kilobits(up)))
    #expect(profile.up.roundTrip == .milliseconds(roundTrip))
    #expect(profile.up.loss.lossRate == loss)
  }

  @Test func `LoRa is refused with a reason, nonsense without`() {
    #expect(LinkPreset.named("lora") == nil)
    #expect(LinkPreset.objection(to: "LoRa-EU868")?.contains("101 days") == true)
    #expect(LinkPreset.objection(to: "warp") == nil)
    #expect(LinkPreset.named("warp") == nil)
  }

  @Test(arguments: [
    LinkProfile(rate: .constant(kilobits(0))), LinkProfile(rate: .constant(kilobits(.nan))),
    LinkProfile(rate: .constant(kilobits(1)), burst: ByteCount(-1)),
    LinkProfile(rate: .constant(kilobits(1)), delay: .seconds(-1)),
    LinkProfile(rate: .constant(kilobits(1)), loss: .independent(rate: 1.5)),
    LinkProfile(
      rate: .constant(kilobits(1)), queue: QueueLimit(ByteCount(-5), .dropTail)),
  ])
  func `a profile that makes no sense says so`(profile: LinkProfile) {
    #expect(!profile.problems.isEmpty)
    #expect(!DuplexProfile(down: profile, up: profile).problems.isEmpty)
  }
}
