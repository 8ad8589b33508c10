package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.attribute.AttributeParser;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.admin.OffsetWrapper;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** What mqadmin does too, without a client of its own for each command. */
final class AdminClients {
    private final Map<String, DefaultMQAdminExt> clients = new ConcurrentHashMap<>();

    /** `nameServer`, `action` (createTopic, createGroup, hasTopic, committed), and what that needs. */
    Object run(JSONObject request) throws Exception {
        DefaultMQAdminExt admin = clients.computeIfAbsent(request.getString("nameServer"), AdminClients::open);
        String topic = request.getString("topic");
        switch (request.getString("action")) {
            case "createTopic":
                int queues = request.getIntValue("queueCount");
                TopicConfig config = new TopicConfig(topic, queues, queues);
                if (request.containsKey("attributes")) {
                    config.setAttributes(AttributeParser.parseToMap(request.getString("attributes")));
                }
                admin.createAndUpdateTopicConfig(request.getString("broker"), config);
                return null;
            case "createGroup":
                SubscriptionGroupConfig group = new SubscriptionGroupConfig();
                group.setGroupName(request.getString("group"));
                group.setRetryMaxTimes(request.getIntValue("retryMaxTimes", 16));
                admin.createAndUpdateSubscriptionGroupConfig(request.getString("broker"), group);
                return null;
            case "hasTopic":
                return admin.fetchAllTopicList().getTopicList().contains(topic);
            case "committed":
                long sum = 0;
                for (Map.Entry<MessageQueue, OffsetWrapper> entry : admin.examineConsumeStats(
                    request.getString("group"), topic).getOffsetTable().entrySet()) {
                    sum += entry.getKey().getTopic().equals(topic) ? entry.getValue().getConsumerOffset() : 0;
                }
                return sum;
            default:
                throw new IllegalArgumentException("no such action: " + request.getString("action"));
        }
    }

    private static DefaultMQAdminExt open(String nameServer) {
        try {
            DefaultMQAdminExt admin = new DefaultMQAdminExt();
            admin.setNamesrvAddr(nameServer);
            admin.setInstanceName(UUID.randomUUID().toString());
            admin.start();
            return admin;
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }
}
