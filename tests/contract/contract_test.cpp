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

TEST(Contract, IsKeptByLossesThatCentre) {
  int count = 0;
  for (const PluginInfo* plugin : tree_plugins().all()) {
    const auto centre = std::ranges::find(plugin->params, "centre", &ParamInfo::name);
    if (centre == plugin->params.end()) continue;
    ++count;
    check_contract(tree_plugins(), *plugin, {{&*centre, true}}, tree_setup(),
                   [&](const std::string& check, const std::string& fault) {
                     EXPECT_EQ(fault, "") << plugin->name << ", " << check;
                   });
  }
  EXPECT_GE(count, 4);
}

INSTANTIATE_TEST_SUITE_P(Tree, Contract, testing::ValuesIn(tree_plugins().all()),
                         [](const auto& plugin) { return to_string(plugin.param->kind) + "_" + plugin.param->name; });

}  // namespace
}  // namespace faceoff
