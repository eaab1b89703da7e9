// The suite of `faceoff plugins check` over every plugin of the tree.
#include "plugins/contract/contract.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "models/made_up_facenet.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

class Contract : public testing::TestWithParam<const PluginInfo*> {
 protected:
  /// The plugin's defaults, but for weights that only a user can have.
  std::vector<std::pair<const ParamInfo*, ParamValue>> parameters() const {
    const PluginInfo& plugin = *GetParam();
    if (plugin.name != "inception_resnet_v1") return {};
    const auto weights = std::ranges::find(plugin.params, "weights", &ParamInfo::name);
    return {{&*weights, write_made_up_facenet(folder_ / "facenet.safetensors").string()}};
  }

 private:
  TemporaryFolder folder_;
};

TEST_P(Contract, IsKept) {
  std::vector<std::string> done;
  check_contract(tree_plugins(), *GetParam(), parameters(), tree_setup(),
                 [&](const std::string& check, const std::string& fault) {
                   EXPECT_EQ(fault, "") << check;
                   done.push_back(check);
                 });
  EXPECT_GE(done.size(), 7U);
}

/// Of all plugins that have this parameter, with it set, how many keep the contract.
int keep_it_with(const std::string& name, const ParamValue& value) {
  int count = 0;
  for (const PluginInfo* plugin : tree_plugins().all()) {
    const auto param = std::ranges::find(plugin->params, name, &ParamInfo::name);
    if (param == plugin->params.end() || plugin->name == "inception_resnet_v1") continue;  // which has no weights
    ++count;
    check_contract(tree_plugins(), *plugin, {{&*param, value}}, tree_setup(),
                   [&](const std::string& check, const std::string& fault) {
                     EXPECT_EQ(fault, "") << plugin->name << ", " << check;
                   });
  }
  return count;
}

TEST(Contract, IsKeptByLossesThatCentre) {
  EXPECT_GE(keep_it_with("centre", true), 6);
}

TEST(Contract, IsKeptByLossesInEveryForm) {
  for (const std::string form : {"hinge", "log"}) EXPECT_EQ(keep_it_with("form", form), 1);
  EXPECT_EQ(keep_it_with("by", std::string("iou")), 1);
  EXPECT_EQ(keep_it_with("aim", std::string("toward")), 1);
  EXPECT_EQ(keep_it_with("of", std::string("picture")), 1);
}

TEST(Contract, IsKeptByModelsThatDropFeatures) {
  EXPECT_EQ(keep_it_with("dropout", .1), 4);
}

INSTANTIATE_TEST_SUITE_P(Tree, Contract, testing::ValuesIn(tree_plugins().all()),
                         [](const auto& plugin) { return to_string(plugin.param->kind) + "_" + plugin.param->name; });

}  // namespace
}  // namespace faceoff
