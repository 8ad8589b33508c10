package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.attribute.AttributeParser;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.admin.OffsetWrapper;
import org.apache.rocketmq.remoting.protocol.body.ConsumeMessageDirectlyResult;
import org.apache.rocketmq.remoting.protocol.body.ConsumerConnection;
import org.apache.rocketmq.remoting.protocol.body.ConsumerRunningInfo;
import org.apache.rocketmq.remoting.protocol.body.ProcessQueueInfo;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/**
 * What mqadmin stands on, without a client of its own for each command: that takes a second each,
 * and some of its commands fail when they run in one process for the second time.
 */
final class AdminClients {
    /** Of what a consumer says of itself, what has the same meaning in every client. */
    private static final List<String> PROPERTIES = List.of("PROP_CONSUME_TYPE", "PROP_CONSUMEORDERLY",
        "consumeThreadMax", "consumeMessageBatchMaxSize", "maxReconsumeTimes", "pullBatchSize");

    private final Map<String, DefaultMQAdminExt> clients = new ConcurrentHashMap<>();

    /** `nameServer`, `action`, and what that needs; `result`, or `failure` where it is refused. */
    Object run(JSONObject request) throws Exception {
        DefaultMQAdminExt admin = clients.computeIfAbsent(request.getString("nameServer"), AdminClients::open);
        Map<String, Object> answer = new LinkedHashMap<>();
        try {
            answer.put("result", act(admin, request));
        } catch (MQBrokerException | MQClientException failure) {
            answer.put("failure", Clients.failureRow(failure));
        }
        return answer;
    }

    private static Object act(DefaultMQAdminExt admin, JSONObject request) throws Exception {
        String topic = request.getString("topic");
        String group = request.getString("group");
        switch (request.getString("action")) {
            case "createTopic":
                createTopic(admin, request);
                return null;
            case "createGroup":
                SubscriptionGroupConfig config = new SubscriptionGroupConfig();
                config.setGroupName(group);
                admin.createAndUpdateSubscriptionGroupConfig(request.getString("broker"), config);
                return null;
            case "hasTopic":
                return admin.fetchAllTopicList().getTopicList().contains(topic);
            case "queues":
                return admin.examineTopicRouteInfo(topic).getQueueDatas().stream()
                    .map(queues -> List.of(queues.getReadQueueNums(), queues.getWriteQueueNums(), queues.getPerm()))
                    .collect(Collectors.toList());
            case "committed":
                return committed(admin, topic, group);
            case "resetOffset":
                return admin.resetOffsetByTimestamp(topic, group, request.getLongValue("atMs"), true).size();
            case "cloneOffsets":
                admin.cloneGroupOffset(group, request.getString("toGroup"), topic, true);
                return null;
            case "consumeDirectly":
                return directly(admin.consumeMessageDirectly(group, request.getString("clientId"), topic,
                    request.getString("messageId")));
            case "runningInfo":
                return running(admin.getConsumerRunningInfo(group, request.getString("clientId"), false), topic);
            case "connection":
                return connection(admin.examineConsumerConnectionInfo(group));
            default:
                throw new IllegalArgumentException("no such action: " + request.getString("action"));
        }
    }

    private static void createTopic(DefaultMQAdminExt admin, JSONObject request) throws Exception {
        int queues = request.getIntValue("queueCount");
        TopicConfig config = new TopicConfig(request.getString("topic"), queues, queues);
        if (request.containsKey("attributes")) {
            config.setAttributes(AttributeParser.parseToMap(request.getString("attributes")));
        }
        admin.createAndUpdateTopicConfig(request.getString("broker"), config);
    }

    private static long committed(DefaultMQAdminExt admin, String topic, String group) throws Exception {
        Map<MessageQueue, OffsetWrapper> offsets = admin.examineConsumeStats(group, topic).getOffsetTable();
        return offsets.entrySet().stream().filter(entry -> entry.getKey().getTopic().equals(topic))
            .mapToLong(entry -> entry.getValue().getConsumerOffset()).sum();
    }

    private static Object directly(ConsumeMessageDirectlyResult result) {
        return Map.of("result", result.getConsumeResult().name(), "order", result.isOrder());
    }

    private static Object running(ConsumerRunningInfo info, String topic) {
        Map<String, Object> row = new LinkedHashMap<>();
        PROPERTIES.forEach(name -> row.put(name, info.getProperties().get(name)));
        row.put("subscriptions", info.getSubscriptionSet().stream()
            .map(data -> List.of(data.getTopic(), data.getSubString(), data.getExpressionType())).sorted(
                (left, right) -> left.get(0).compareTo(right.get(0))).collect(Collectors.toList()));
        row.put("queues", info.getMqTable().entrySet().stream()
            .filter(entry -> entry.getKey().getTopic().equals(topic)).map(entry -> queue(entry.getValue()))
            .collect(Collectors.toList()));
        return row;
    }

    private static Map<String, Object> queue(ProcessQueueInfo info) {
        return Map.of("committed", info.getCommitOffset(), "cachedCount", info.getCachedMsgCount(),
            "locked", info.isLocked(), "dropped", info.isDroped());
    }

    private static Object connection(ConsumerConnection connection) {
        return Map.of("clientIds", connection.getConnectionSet().stream().map(one -> one.getClientId())
                .collect(Collectors.toList()),
            "consumeType", connection.getConsumeType().name(), "messageModel", connection.getMessageModel().name(),
            "from", connection.getConsumeFromWhere().name());
    }

    private static DefaultMQAdminExt open(String nameServer) {
        try {
            DefaultMQAdminExt admin = new DefaultMQAdminExt();
            admin.setNamesrvAddr(nameServer);
            admin.setInstanceName(UUID.randomUUID().toString());
            admin.start();
            return admin;
        } catch (MQClientException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
