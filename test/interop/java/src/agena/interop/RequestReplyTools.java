package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Asks with `producer.request()` and replies from a consumer, as Apache RocketMQ's examples do. */
final class RequestReplyTools {
    private static final long REPLY_TIMEOUT_MS = 30_000;

    private RequestReplyTools() {
    }

    /** `nameServer`, `topic`, `questions`: answers `body`, `topic` and `sendStatus` of each reply. */
    static Object run(JSONObject request) throws Exception {
        String nameServer = request.getString("nameServer");
        DefaultMQProducer replier = producer(nameServer, "P-replier");
        Map<String, String> statuses = new ConcurrentHashMap<>();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("G-replier");
        consumer.setNamesrvAddr(nameServer);
        consumer.setInstanceName(UUID.randomUUID().toString());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(request.getString("topic"), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> reply(replier, message, statuses));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        DefaultMQProducer asker = producer(nameServer, "P-asker");
        try {
            consumer.start();
            return ask(asker, request, statuses);
        } finally {
            asker.shutdown();
            consumer.shutdown();
            replier.shutdown();
        }
    }

    private static DefaultMQProducer producer(String nameServer, String group) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group);
        producer.setNamesrvAddr(nameServer);
        producer.setInstanceName(UUID.randomUUID().toString());
        producer.start();
        return producer;
    }

    private static void reply(DefaultMQProducer replier, MessageExt question, Map<String, String> statuses) {
        String text = "re: " + new String(question.getBody(), StandardCharsets.UTF_8);
        try {
            Message reply = MessageUtil.createReplyMessage(question, text.getBytes(StandardCharsets.UTF_8));
            statuses.put(text, replier.send(reply).getSendStatus().name());
        } catch (Exception failure) {
            statuses.put(text, String.valueOf(failure));
        }
    }

    private static List<Object> ask(DefaultMQProducer asker, JSONObject request, Map<String, String> statuses)
        throws Exception {
        List<Object> rows = new ArrayList<>();
        for (String question : request.getList("questions", String.class)) {
            Message message = new Message(request.getString("topic"), question.getBytes(StandardCharsets.UTF_8));
            Message reply = asker.request(message, REPLY_TIMEOUT_MS);
            String text = new String(reply.getBody(), StandardCharsets.UTF_8);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("body", text);
            row.put("topic", reply.getTopic());
            row.put("sendStatus", awaitStatus(statuses, text));
            rows.add(row);
        }
        return rows;
    }

    /** The reply may be here before its own send has been answered. */
    private static String awaitStatus(Map<String, String> statuses, String text) throws InterruptedException {
        long deadline = System.currentTimeMillis() + REPLY_TIMEOUT_MS;
        while (!statuses.containsKey(text) && System.currentTimeMillis() < deadline) {
            Thread.sleep(10);
        }
        return statuses.get(text);
    }
}
